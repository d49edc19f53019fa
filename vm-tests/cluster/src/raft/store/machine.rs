//! The state that committed commands add up to: keys, the cluster's identity, the membership.
//!
//! Request handlers see identity and membership through a watch channel, so that only what
//! is committed is ever shown.

use std::io::Cursor;

use openraft::storage::RaftStateMachine;
use openraft::{Entry, EntryPayload, LogId, OptionalSend, Snapshot, SnapshotMeta, StorageError, StorageIOError};
use redb::{Durability, ReadableTable, WriteTransaction};
use tokio::sync::watch;

use super::super::types::{Command, MemberNode, Membership, Outcome, TypeConfig};
use super::snapshot::SnapshotMaker;
use super::{CLUSTER_ID, KEYS, LAST_APPLIED, MEMBERSHIP, META, Store, StoreError, get_record, put_record};

/// What this member knows to be committed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Applied {
    pub(crate) last: Option<LogId<u64>>,
    pub(crate) membership: Membership,
    pub(crate) cluster_id: Option<String>,
}

/// The state machine of one member.
pub(crate) struct Machine {
    store: Store,
    applied: watch::Sender<Applied>,
}

impl Machine {
    /// Takes up the state where the store left it.
    pub(crate) fn open(store: Store) -> Result<(Self, watch::Receiver<Applied>), StoreError> {
        let (applied, watching) = watch::channel(read_applied(&store)?);
        Ok((Self { store, applied }, watching))
    }

    async fn apply_all(&self, entries: Vec<Entry<TypeConfig>>) -> Result<Vec<Outcome>, StoreError> {
        let apply = self.store.write(Durability::None, move |transaction| {
            let outcomes = entries.iter().map(|entry| apply_one(transaction, entry));
            outcomes.collect::<Result<Vec<_>, _>>()
        });
        let outcomes = apply.await?;
        self.applied.send_replace(read_applied(&self.store)?);
        Ok(outcomes)
    }
}

fn read_applied(store: &Store) -> Result<Applied, StoreError> {
    Ok(Applied {
        last: store.record(LAST_APPLIED)?,
        membership: store.record(MEMBERSHIP)?.unwrap_or_default(),
        cluster_id: store.record(CLUSTER_ID)?,
    })
}

fn apply_one(transaction: &WriteTransaction, entry: &Entry<TypeConfig>) -> Result<Outcome, StoreError> {
    let mut meta = transaction.open_table(META)?;
    put_record(&mut meta, LAST_APPLIED, &entry.log_id)?;
    match &entry.payload {
        EntryPayload::Blank => Ok(Outcome::Applied),
        EntryPayload::Membership(membership) => {
            let stored = Membership::new(Some(entry.log_id), membership.clone());
            put_record(&mut meta, MEMBERSHIP, &stored)?;
            Ok(Outcome::Applied)
        }
        EntryPayload::Normal(Command::NameCluster { cluster_id }) => {
            // Two leaders in a row may both have seen a nameless cluster: the first name stays.
            if get_record::<String>(&meta, CLUSTER_ID)?.is_none() {
                put_record(&mut meta, CLUSTER_ID, cluster_id)?;
            }
            Ok(Outcome::Applied)
        }
        EntryPayload::Normal(Command::Put { key, value, only_if_absent }) => {
            let mut keys = transaction.open_table(KEYS)?;
            if *only_if_absent && keys.get(key.as_str())?.is_some() {
                return Ok(Outcome::KeyExists);
            }
            keys.insert(key.as_str(), value.as_slice())?;
            Ok(Outcome::Applied)
        }
    }
}

impl RaftStateMachine<TypeConfig> for Machine {
    type SnapshotBuilder = SnapshotMaker;

    async fn applied_state(&mut self) -> Result<(Option<LogId<u64>>, Membership), StorageError<u64>> {
        let applied = self.applied.borrow().clone();
        Ok((applied.last, applied.membership))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Outcome>, StorageError<u64>>
    where
        I: IntoIterator<Item = Entry<TypeConfig>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let applied = self.apply_all(entries.into_iter().collect()).await;
        Ok(applied.map_err(|error| StorageIOError::write_state_machine(&error))?)
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotMaker {
        SnapshotMaker::new(self.store.clone())
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Cursor<Vec<u8>>>, StorageError<u64>> {
        Ok(Box::default())
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<u64, MemberNode>,
        snapshot: Box<Cursor<Vec<u8>>>,
    ) -> Result<(), StorageError<u64>> {
        let failed = |error: &StoreError| StorageIOError::write_snapshot(Some(meta.signature()), error);
        let maker = SnapshotMaker::new(self.store.clone());
        let installed = maker.install(meta.clone(), snapshot.into_inner()).await;
        installed.map_err(|error| failed(&error))?;
        let applied = read_applied(&self.store).map_err(|error| failed(&error))?;
        self.applied.send_replace(applied);
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<TypeConfig>>, StorageError<u64>> {
        let current = SnapshotMaker::new(self.store.clone()).current();
        Ok(current.map_err(|error| StorageIOError::read_snapshot(None, &error))?)
    }
}
