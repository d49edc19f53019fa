//! Where a path of the installed system is, seen from the initrd that has mounted it.

use std::collections::VecDeque;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// More links than any path has that leads somewhere (`ELOOP` of the kernel).
const MOST_LINKS: usize = 40;

/// Where `path` is below `root`, with links followed as by the system whose root that is: an absolute one begins at `root`,
/// and none leads out of it. What is not there is left as it is.
#[must_use]
pub fn within(root: &Path, path: impl AsRef<Path>) -> PathBuf {
    let mut found = PathBuf::new();
    let mut rest: VecDeque<PathBuf> = parts(path.as_ref()).collect();
    let mut links = 0;
    while let Some(part) = rest.pop_front() {
        if part == Path::new("..") {
            found.pop();
            continue;
        }
        match fs::read_link(root.join(&found).join(&part)) {
            Ok(target) if links < MOST_LINKS => {
                links += 1;
                if target.is_absolute() {
                    found.clear();
                }
                parts(&target).rev().for_each(|part| rest.push_front(part));
            }
            _ => found.push(part),
        }
    }
    root.join(found)
}

fn parts(path: &Path) -> impl DoubleEndedIterator<Item = PathBuf> + '_ {
    path.components()
        .filter(|part| matches!(part, Component::Normal(_) | Component::ParentDir))
        .map(|part| PathBuf::from(part.as_os_str()))
}

#[cfg(test)]
mod tests {
    use super::within;
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    #[test]
    fn links_lead_where_they_do_on_the_installed_system() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("persist/secrets")).unwrap();
        fs::create_dir_all(root.join("etc/nixos")).unwrap();
        symlink("/persist/secrets", root.join("etc/nixos/secrets")).unwrap();
        symlink("../persist", root.join("etc/persist")).unwrap();
        symlink("../../../..", root.join("etc/out")).unwrap();
        symlink("loop", root.join("etc/loop")).unwrap();
        for (path, expected) in [
            ("/etc/nixos/secrets/c.json", "persist/secrets/c.json"),
            ("etc/persist/secrets/c.json", "persist/secrets/c.json"),
            ("etc/out/persist", "persist"),
            ("etc/nothing/../x", "etc/x"),
            ("etc/loop", "etc/loop"),
        ] {
            assert_eq!(within(root, path), root.join(expected), "{path}");
        }
        assert_eq!(
            within(Path::new("/"), "/proc/self/no such"),
            Path::new("/proc").join(std::process::id().to_string()).join("no such")
        );
    }
}
