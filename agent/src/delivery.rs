//! Where a configuration may come from before there is a root file system, and how it gets here.
//!
//! | source | where |
//! |---|---|
//! | credential | `cluster-config`, which systemd imports from SMBIOS type 11 or `fw_cfg`, or loads for the unit |
//! | file of the initrd | `/etc/nixos/secrets/cluster-config.json`, in the image or in an archive appended to it |
//! | partition | `/cluster-config.json` on a GPT partition of our type or label, `/first-boot/cluster-config.json` on an ESP |
//! | URL | `first_boot.config_url=` on the kernel's command line |
//! | installed file | `/etc/nixos/secrets/cluster-config.json` on the root file system |
//!
//! A delivery is checked before it counts, and carries the digest of its bytes. Which source is asked when, and what to
//! say of it, is the stage's business (see `initrd`).

mod answer;
mod command_line;
mod digest;
mod fetch;
mod hardware;
mod parameters;
mod partition;
mod template;

use crate::config::{self, Checked, ConfigError, Options, Origin, Source};

pub(crate) use answer::said_of;
pub use digest::Digest;
pub use fetch::{Fetch, FetchError};
pub use hardware::Hardware;
pub use parameters::Parameters;
pub use partition::{Candidate, Content, DIRECTORY_ON_ESP, Listing, NAME, Unreadable};
pub(crate) use partition::{candidates, unseen};
pub use template::UrlTemplate;

/// A valid configuration, as it came.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// From where.
    pub source: Source,
    /// What it says.
    pub checked: Checked,
    /// The bytes that were checked.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Digest,
}

/// A configuration that cannot be used.
#[derive(Debug)]
pub struct Broken {
    /// From where.
    pub source: Source,
    /// The digest of its bytes, where they could be read.
    pub digest: Option<Digest>,
    /// What is wrong with it.
    pub error: ConfigError,
}

impl Delivery {
    /// Checks what a source has given.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn of(bytes: Vec<u8>, source: Source, options: &Options) -> Result<Self, Broken> {
        let digest = Digest::of(&bytes);
        match config::examine(&bytes, &source, options) {
            Ok(checked) => Ok(Self { source, checked, bytes, digest }),
            Err(error) => Err(Broken { source, digest: Some(digest), error }),
        }
    }

    /// Whose configuration it is, as far as it says.
    pub(crate) fn node(&self) -> String {
        let is_host_name = |shown: &config::Shown| shown.path == "$.node_id" && shown.origin == Origin::HostName;
        if self.checked.provenance().iter().any(is_host_name) {
            "the node with this hostname".to_owned()
        } else {
            self.checked.config.node.id.to_string()
        }
    }

    /// Reads and checks a file; `None` where there is none.
    ///
    /// # Errors
    /// What is wrong with it, its permissions included.
    pub fn of_file(source: Source, options: &Options) -> Result<Option<Self>, Broken> {
        let (bytes, warning) = match config::read_at(&source, options) {
            Ok(Some(read)) => read,
            Ok(None) => return Ok(None),
            Err(error) => return Err(Broken { source, digest: None, error }),
        };
        let mut delivery = Self::of(bytes, source, options)?;
        delivery.checked.warnings.extend(warning);
        Ok(Some(delivery))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;
    use crate::config::{InitrdFindings, Permissions, SyntaxError};

    #[test]
    fn an_empty_file_is_refused_as_empty_whatever_the_source() {
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            explicit: None,
            root: folder.path().to_owned(),
            credentials_directory: None,
            host_name: None,
            permissions: Permissions::Warn,
            strict: false,
            initrd: InitrdFindings::default(),
            is_member: false,
            quotes_nothing: false,
        };
        let path = folder.path().join("cluster-config");
        let of_path: [fn(PathBuf) -> Source; 5] =
            [Source::CommandLine, Source::Credential, Source::HandedOver, Source::DefaultPath, Source::InitrdFile];
        for bytes in ["", "\n", " \t\r\n ", "\u{feff}", "\u{feff} \n"] {
            fs::write(&path, bytes).unwrap();
            let files =
                of_path.map(|source| Delivery::of_file(source(path.clone()), &options).map(|found| found.is_some()));
            let url = Source::Delivered("https://boot.example.com/node04.json".to_owned());
            let partition = Source::Delivered("partition 1 of /dev/sda".to_owned());
            let others = [url, partition].map(|source| Delivery::of(bytes.into(), source, &options).map(|_| true));
            for found in files.into_iter().chain(others) {
                let error = found.unwrap_err().error;
                assert!(matches!(error, ConfigError::Syntax(_, SyntaxError::Empty)), "{bytes:?}: {error}");
            }
        }
    }
}
