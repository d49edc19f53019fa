//! What the units of an initrd do to the root file system before it may be used, read from their files: asking PID 1 costs the
//! boot more (see [`super::root_is_there`]). It must not take less to be done than is; more only costs time.

use std::path::Path;

use crate::sysfs::Tree;

use super::ROOT_IS_THERE;

/// Where PID 1 has its units from (systemd.unit(5)).
const FOLDERS: [&str; 7] = [
    "etc/systemd/system",
    "run/systemd/system",
    "run/systemd/generator.early",
    "run/systemd/generator",
    "run/systemd/generator.late",
    "usr/local/lib/systemd/system",
    "usr/lib/systemd/system",
];
/// Folders of links to the units that one unit pulls in.
const PULLS_IN: [&str; 3] = [".wants", ".requires", ".upholds"];
/// The mount of the root file system itself.
const ROOT_MOUNT: &str = "sysroot.mount";
/// Pulled in everywhere, and does nothing where no file says which partitions to make (systemd-repart(8)).
const REPART: &str = "systemd-repart.service";
/// Where those files are.
const REPART_FOLDERS: [&str; 4] = ["etc/repart.d", "run/repart.d", "usr/local/lib/repart.d", "usr/lib/repart.d"];

/// What is done beside mounting the root file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RootUnits {
    /// Something comes between the mount and [`ROOT_IS_THERE`], such as `systemd-volatile-root.service`, which mounts
    /// another one in its place.
    pub(super) is_changed: bool,
    /// More is mounted than it and its `/usr`, such as a `/var` with the markers.
    pub(super) holds_mounts: bool,
}

impl RootUnits {
    /// Of the initrd below `root`. To be read before the root file system is there: then PID 1 reads all units again, and
    /// empties the generators' folders first.
    pub(super) fn of(root: &Path) -> Self {
        let tree = Tree::at(root);
        let is_changed = FOLDERS.iter().any(|folder| {
            tree.names(folder).iter().any(|name| match PULLS_IN.iter().find_map(|kind| name.strip_suffix(kind)) {
                Some(ROOT_IS_THERE) => tree.names(format!("{folder}/{name}")).iter().any(|unit| !is_idle(tree, unit)),
                Some(_) => tree.names(format!("{folder}/{name}")).iter().any(|unit| is_before(tree, unit)),
                None => name.strip_suffix(".d") == Some(ROOT_IS_THERE),
            })
        });
        let is_further = |name: &String| {
            let place = name.strip_prefix("sysroot-").and_then(|rest| rest.strip_suffix(".mount"));
            place.is_some_and(|place| place != "usr")
        };
        let holds_mounts = FOLDERS.iter().any(|folder| tree.names(folder).iter().any(is_further));
        Self { is_changed, holds_mounts }
    }
}

/// Whether a unit that [`ROOT_IS_THERE`] pulls in changes nothing but that the root file system is mounted.
fn is_idle(tree: Tree<'_>, unit: &str) -> bool {
    let repart = || REPART_FOLDERS.iter().all(|folder| tree.names(folder).is_empty());
    unit == ROOT_MOUNT || unit == REPART && repart()
}

/// Whether a unit says that it comes before [`ROOT_IS_THERE`], in its file or in a drop-in.
fn is_before(tree: Tree<'_>, unit: &str) -> bool {
    let says = |path: String| {
        let text = tree.bytes(path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).replace("\\\n", " ");
        let mut lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("Before="));
        lines.any(|units| units.split_whitespace().any(|unit| unit == ROOT_IS_THERE))
    };
    // Of an instance, the file is the template's.
    let template =
        unit.split_once('@').map(|(name, rest)| format!("{name}@.{}", rest.rsplit('.').next().unwrap_or(rest)));
    unit != ROOT_MOUNT
        && FOLDERS.iter().any(|folder| {
            template.iter().map(String::as_str).chain([unit]).any(|file| {
                let drop_ins = format!("{folder}/{file}.d");
                says(format!("{folder}/{file}"))
                    || tree.names(&drop_ins).iter().any(|name| says(format!("{drop_ins}/{name}")))
            })
        })
}

#[cfg(test)]
mod tests {
    use super::RootUnits;
    use std::fs;
    use std::path::Path;

    fn put(root: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn what_an_initrd_mounts_beside_the_root_is_seen() {
        for (path, expected) in [
            ("run/systemd/generator/sysroot-var.mount", true),
            ("run/systemd/generator.late/sysroot-nix.mount", true),
            ("etc/systemd/system/sysroot-etc-nixos.mount", true),
            ("run/systemd/generator/sysroot.mount", false),
            ("run/systemd/generator/sysroot-usr.mount", false),
        ] {
            let root = tempfile::tempdir().unwrap();
            put(root.path(), &[(path, "")]);
            assert_eq!(RootUnits::of(root.path()), RootUnits { is_changed: false, holds_mounts: expected }, "{path}");
        }
    }

    #[test]
    fn what_an_initrd_does_to_its_root_beside_mounting_it_is_seen() {
        const BEFORE: &str = "[Unit]\nAfter=sysroot.mount\nBefore=a.target \\\n initrd-root-fs.target\n";
        let cases: [(&[(&str, &str)], bool); 13] = [
            (&[("run/systemd/generator/initrd-root-fs.target.requires/sysroot.mount", BEFORE)], false),
            (&[("run/systemd/generator/initrd-root-fs.target.requires/systemd-volatile-root.service", "")], true),
            (&[("etc/systemd/system/initrd-root-fs.target.wants/rollback.service", "")], true),
            (&[("usr/lib/systemd/system/initrd-root-fs.target.upholds/reset.service", "")], true),
            (&[("run/systemd/system/initrd-root-fs.target.d/more.conf", "[Unit]\nRequires=a.service\n")], true),
            (&[("etc/systemd/system/initrd-fs.target.requires/sysroot-var.mount", "")], false),
            (&[("usr/lib/systemd/system/initrd-root-fs.target.wants/systemd-repart.service", BEFORE)], false),
            (
                &[
                    ("usr/lib/systemd/system/initrd-root-fs.target.wants/systemd-repart.service", BEFORE),
                    ("usr/lib/repart.d/50-var.conf", ""),
                ],
                true,
            ),
            // As systemd 262 has it.
            (
                &[
                    ("etc/systemd/system/initrd.target.wants/systemd-confext-sysroot.service", ""),
                    ("usr/lib/systemd/system/systemd-confext-sysroot.service", BEFORE),
                ],
                true,
            ),
            (&[("usr/lib/systemd/system/systemd-confext-sysroot.service", BEFORE)], false),
            (
                &[
                    ("etc/systemd/system/sysroot.mount.wants/overlay@a.service", ""),
                    ("etc/systemd/system/overlay@.service", BEFORE),
                ],
                true,
            ),
            (
                &[
                    ("etc/systemd/system/initrd.target.wants/snapshot.service", ""),
                    ("etc/systemd/system/snapshot.service.d/order.conf", BEFORE),
                ],
                true,
            ),
            (
                &[
                    ("etc/systemd/system/initrd.target.wants/late.service", ""),
                    ("etc/systemd/system/late.service", "[Unit]\nAfter=initrd-root-fs.target\nBefore=initrd.target\n"),
                ],
                false,
            ),
        ];
        for (files, expected) in cases {
            let root = tempfile::tempdir().unwrap();
            put(root.path(), files);
            assert_eq!(RootUnits::of(root.path()).is_changed, expected, "{files:?}");
        }
    }
}
