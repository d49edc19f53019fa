//! Lookups against name servers on the loopback address that misbehave, below a root of their own.

mod client;
mod files;
mod lookup;
mod server;
mod words;

use std::fs;
use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use super::{Names, Unresolved};

/// No lookup takes as long, on however slow a machine.
const LONGEST: Duration = Duration::from_mins(2);
/// Longer than any answer takes to come: both families are waited for.
const PATIENCE: Duration = Duration::from_mins(1);

/// A machine's files.
struct Machine {
    root: tempfile::TempDir,
    names: Names,
}

impl Machine {
    fn new(hosts: impl AsRef<[u8]>, resolv_conf: impl AsRef<[u8]>, port: u16) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("etc")).unwrap();
        let names = Names { root: root.path().to_owned(), port, host_name: || None };
        let machine = Self { root, names };
        fs::write(machine.path("etc/hosts"), hosts).unwrap();
        fs::write(machine.path("etc/resolv.conf"), resolv_conf).unwrap();
        machine
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join(Path::new(name))
    }

    async fn lookup(&self, name: &str, grace: Duration) -> Result<Vec<IpAddr>, Unresolved> {
        timeout(LONGEST, self.names.lookup(name, grace)).await.unwrap()
    }

    /// The addresses, in the order of their text; why there are none, in words.
    async fn addresses(&self, name: &str) -> Result<Vec<String>, String> {
        let found = self.lookup(name, PATIENCE).await.map_err(|error| error.to_string())?;
        let mut found: Vec<String> = found.iter().map(ToString::to_string).collect();
        found.sort();
        Ok(found)
    }
}
