//! Whether systemd has applied the system call filters of this process' unit, as far as the kernel shows it.
//!
//! Reads `/proc/self` alone. It must not judge what the missing filters mean for a step: the work goes on without them.

use std::fs;
use std::path::Path;

/// The unit that this process belongs to, where it belongs to a service.
#[must_use]
pub fn own_unit(root: &Path) -> Option<String> {
    let group = fs::read_to_string(root.join("proc/self/cgroup")).ok()?;
    let name = group.trim_end().rsplit('/').next()?;
    name.ends_with(".service").then(|| name.to_owned())
}

/// Whether this process runs without any system call filter (`Seccomp: 0` in proc(5)), which its unit asks for. systemd 259 and
/// later load libseccomp when a unit starts, and go on without filters where it is not installed. In a container, whose own
/// filter every process inherits, this cannot be seen.
#[must_use]
pub fn is_unfiltered(root: &Path) -> bool {
    let status = fs::read_to_string(root.join("proc/self/status")).unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Seccomp:").is_some_and(|mode| mode.trim() == "0"))
}

#[cfg(test)]
mod tests {
    use super::{is_unfiltered, own_unit};
    use std::fs;

    #[test]
    fn the_kernel_says_which_unit_it_is_and_whether_it_is_filtered() {
        let root = tempfile::tempdir().unwrap();
        let own = root.path().join("proc/self");
        assert!(own_unit(root.path()).is_none() && !is_unfiltered(root.path()), "nothing is known");
        fs::create_dir_all(&own).unwrap();
        for (cgroup, unit) in [
            ("0::/system.slice/chainfire-cluster-join.service\n", Some("chainfire-cluster-join.service")),
            ("0::/user.slice/user-0.slice/session-1.scope\n", None),
            ("0::/\n", None),
        ] {
            fs::write(own.join("cgroup"), cgroup).unwrap();
            assert_eq!(own_unit(root.path()).as_deref(), unit, "{cgroup}");
        }
        for (mode, expected) in [("0", true), ("1", false), ("2", false)] {
            let status = format!("Name:\tfirst-boot-agent\nNoNewPrivs:\t1\nSeccomp:\t{mode}\nSeccomp_filters:\t0\n");
            fs::write(own.join("status"), status).unwrap();
            assert_eq!(is_unfiltered(root.path()), expected, "{mode}");
        }
        fs::write(own.join("status"), "Name:\tfirst-boot-agent\n").unwrap();
        assert!(!is_unfiltered(root.path()), "a kernel that does not say");
    }
}
