//! Reads the small files in which the kernel and udev report about the hardware, below a root that may be a fixture.
//!
//! Whatever cannot be read is `None`: no file, no permission, nothing in it. Must not know what an attribute means.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

/// The most that is read of a file. The kernel's attributes are a page, udev's entries a few; an inventory of a machine
/// with 100 disks is 100 KiB.
const MAX_BYTES: u64 = 4 << 20;

/// The tree that is looked at: `/`, or a copy of the parts that matter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tree<'a> {
    root: &'a Path,
}

impl<'a> Tree<'a> {
    /// The tree below `root`.
    pub(crate) fn at(root: &'a Path) -> Self {
        Self { root }
    }

    /// Where a path of the machine is in this tree.
    pub(crate) fn path(self, path: impl AsRef<Path>) -> PathBuf {
        let path = path.as_ref();
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    /// Whether something is there.
    pub(crate) fn has(self, path: impl AsRef<Path>) -> bool {
        self.path(path).exists()
    }

    /// A text of one line: trimmed, and without what a terminal would obey. `None` where there is none.
    pub(crate) fn line(self, path: impl AsRef<Path>) -> Option<String> {
        let text = String::from_utf8_lossy(&self.bytes(path)?).into_owned();
        Some(plain(text.trim_matches(|c: char| c.is_whitespace() || c == '\0'))).filter(|text| !text.is_empty())
    }

    /// A decimal number.
    pub(crate) fn number(self, path: impl AsRef<Path>) -> Option<u64> {
        self.line(path)?.parse().ok()
    }

    /// A flag of the kernel: 1 or 0. What cannot be read is not set.
    pub(crate) fn flag(self, path: impl AsRef<Path>) -> bool {
        self.number(path) == Some(1)
    }

    /// The last name on the path that a symbolic link points to, such as a driver's.
    pub(crate) fn target(self, path: impl AsRef<Path>) -> Option<String> {
        let target = fs::read_link(self.path(path)).ok()?;
        target.file_name()?.to_str().map(plain)
    }

    /// A file, if it is no larger than anything that is looked for here.
    pub(crate) fn bytes(self, path: impl AsRef<Path>) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        File::open(self.path(path)).ok()?.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        Some(bytes)
    }

    /// What the kernel says of a device in its `uevent`, by the name of the property.
    pub(crate) fn uevent(self, device: impl AsRef<Path>, name: &str) -> Option<String> {
        let bytes = self.bytes(device.as_ref().join("uevent"))?;
        let text = String::from_utf8_lossy(&bytes);
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(plain)
    }

    /// The names in a directory, sorted. Names that are no UTF-8 are none of the kernel's.
    pub(crate) fn names(self, directory: impl AsRef<Path>) -> Vec<String> {
        let entries = fs::read_dir(self.path(directory)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort_unstable();
        names
    }
}

/// Bytes in which a prefix and so many digits stand for a byte that would be awkward there.
pub(crate) fn unescaped(bytes: &[u8], prefix: &[u8], digits: usize, radix: u32) -> Vec<u8> {
    let mut whole = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, tail)) = rest.split_first() {
        let escaped = rest.strip_prefix(prefix).and_then(|rest| rest.split_at_checked(digits));
        let byte = escaped.and_then(|(digits, after)| {
            Some((u8::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()?, after))
        });
        let (byte, after) = byte.unwrap_or((*first, tail));
        whole.push(byte);
        rest = after;
    }
    whole
}

/// A foreign text that can go on a terminal and into a log.
pub(crate) fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}
