//! The durable part of a member: one redb file with the Raft log, the vote and the applied state.
//!
//! The log and the vote are synced to disk before they are reported. The applied state is
//! not: it can be had again from the log, and one sync per change is what a change costs. Because
//! all of it is one file, each sync carries the earlier, unsynced commits along; so a purge of the
//! log never overtakes the state that was applied from it.

mod log;
mod machine;
mod snapshot;

use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;

use redb::{Database, Durability, ReadableDatabase, ReadableTable, Table, TableDefinition, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

pub(crate) use self::log::LogStore;
pub(crate) use self::machine::{Applied, Machine};
use crate::error::StandinError;
use crate::tokens::random_token;

const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
const KEYS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("keys");

const NODE: &str = "node";
const INCARNATION: &str = "incarnation";
const VOTE: &str = "vote";
const LAST_PURGED: &str = "last_purged";
const LAST_APPLIED: &str = "last_applied";
const MEMBERSHIP: &str = "membership";
const CLUSTER_ID: &str = "cluster_id";
const SNAPSHOT: &str = "snapshot";

/// The file cannot be read or written, or holds what it should not.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the store's file failed: {0}")]
    File(#[source] Box<redb::Error>),
    #[error("a record of the store is not what it should be: {0}")]
    Record(#[from] serde_json::Error),
    #[error("the store's worker ended early: {0}")]
    Worker(#[from] tokio::task::JoinError),
}

/// redb has an error type for each step; all of them mean that the file failed.
macro_rules! file_errors {
    ($($error:ident),+) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::File(Box::new(error.into()))
            }
        })+
    };
}
file_errors!(CommitError, SetDurabilityError, StorageError, TableError, TransactionError);

/// The open file. Cloning shares it; it is closed with the last clone.
#[derive(Clone)]
pub(crate) struct Store {
    file: Arc<OpenFile>,
}

/// Its fields are dropped in this order: a watcher of `closed` is notified once the lock on the
/// file is released.
struct OpenFile {
    database: Database,
    closed: watch::Sender<()>,
}

impl Store {
    /// Opens the file in `folder`, or makes it, for this node alone.
    pub(crate) fn open(folder: &Path, node: &str) -> Result<Self, StandinError> {
        let failed = |cause: &dyn Display| StandinError::Store { path: folder.to_owned(), cause: cause.to_string() };
        std::fs::create_dir_all(folder).map_err(|cause| failed(&cause))?;
        let database = Database::create(folder.join("raft.redb")).map_err(|cause| failed(&cause))?;
        let file = OpenFile { database, closed: watch::Sender::new(()) };
        let store = Self { file: Arc::new(file) };
        let owner = store.claim(node).map_err(|cause| failed(&cause))?;
        if owner == node { Ok(store) } else { Err(failed(&format!("it is the store of {owner}, not of {node}"))) }
    }

    /// Makes the tables, and writes the owner's name and the folder's incarnation where there are
    /// none. Returns the owner.
    fn claim(&self, node: &str) -> Result<String, StoreError> {
        let transaction = self.file.database.begin_write()?;
        let owner = {
            transaction.open_table(LOG)?;
            transaction.open_table(KEYS)?;
            let mut meta = transaction.open_table(META)?;
            let owner: Option<String> = get_record(&meta, NODE)?;
            if owner.is_none() {
                put_record(&mut meta, NODE, &node)?;
            }
            if get_record::<String>(&meta, INCARNATION)?.is_none()
                && let Some(incarnation) = random_token()
            {
                put_record(&mut meta, INCARNATION, &incarnation)?;
            }
            owner
        };
        transaction.commit()?;
        Ok(owner.unwrap_or_else(|| node.to_owned()))
    }

    /// Distinguishes this folder from an earlier or a later one of the same node.
    pub(crate) fn incarnation(&self) -> Result<Option<String>, StoreError> {
        self.record(INCARNATION)
    }

    /// A record of the META table.
    fn record<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, StoreError> {
        let table = self.file.database.begin_read()?.open_table(META)?;
        get_record(&table, name)
    }

    /// The value of a key, as this member knows it.
    pub(crate) fn value(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.file.database.begin_read()?.open_table(KEYS)?;
        Ok(table.get(key)?.map(|value| value.value().to_vec()))
    }

    /// Lets go of the file; what is returned waits until everybody else has done so too, and the
    /// file can be opened again.
    pub(crate) fn close(self) -> impl Future<Output = ()> {
        let mut closed = self.file.closed.subscribe();
        drop(self);
        async move { while closed.changed().await.is_ok() {} }
    }

    /// Writes in one transaction, away from the threads that answer requests.
    async fn write<T, F>(&self, durability: Durability, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&WriteTransaction) -> Result<T, StoreError> + Send + 'static,
    {
        let file = Arc::clone(&self.file);
        let written = tokio::task::spawn_blocking(move || {
            let mut transaction = file.database.begin_write()?;
            transaction.set_durability(durability)?;
            let result = change(&transaction)?;
            transaction.commit()?;
            Ok(result)
        });
        written.await?
    }
}

fn get_record<T: DeserializeOwned>(
    table: &impl ReadableTable<&'static str, &'static [u8]>,
    name: &str,
) -> Result<Option<T>, StoreError> {
    match table.get(name)? {
        Some(record) => Ok(Some(serde_json::from_slice(record.value())?)),
        None => Ok(None),
    }
}

fn put_record<T: Serialize>(
    table: &mut Table<'_, &'static str, &'static [u8]>,
    name: &str,
    record: &T,
) -> Result<(), StoreError> {
    table.insert(name, serde_json::to_vec(record)?.as_slice())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use openraft::testing::{StoreBuilder, Suite};

    use super::super::types::TypeConfig;
    use super::*;

    struct InTemporaryFolder;

    impl StoreBuilder<TypeConfig, LogStore, Machine, tempfile::TempDir> for InTemporaryFolder {
        async fn build(&self) -> Result<(tempfile::TempDir, LogStore, Machine), openraft::StorageError<u64>> {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path(), "node01").unwrap();
            let (machine, _applied) = Machine::open(store.clone()).unwrap();
            Ok((folder, LogStore::new(store), machine))
        }
    }

    /// The Raft library's own test of what a store must do.
    #[test]
    fn the_store_keeps_what_raft_relies_on() {
        Suite::test_all(InTemporaryFolder).unwrap();
    }

    #[test]
    fn a_folder_belongs_to_one_node() {
        let folder = tempfile::tempdir().unwrap();
        drop(Store::open(folder.path(), "node01").unwrap());
        let refused = Store::open(folder.path(), "node02").map(drop).unwrap_err();
        assert!(refused.to_string().contains("the store of node01"), "{refused}");
    }
}
