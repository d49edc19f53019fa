//! Snapshots of the applied state, for members that are further behind than the log reaches.
//!
//! A snapshot is one JSON text and is kept whole: the state of a test cluster is small.

use std::collections::BTreeMap;
use std::io::Cursor;

use openraft::{RaftSnapshotBuilder, Snapshot, SnapshotMeta, StorageError, StorageIOError};
use redb::{Durability, ReadableDatabase, ReadableTable};
use serde::{Deserialize, Serialize};

use super::super::types::{MemberNode, TypeConfig};
use super::{CLUSTER_ID, KEYS, LAST_APPLIED, MEMBERSHIP, META, SNAPSHOT, Store, StoreError, get_record, put_record};

#[derive(Deserialize, Serialize)]
struct Contents {
    cluster_id: Option<String>,
    keys: BTreeMap<String, Vec<u8>>,
}

#[derive(Clone, Deserialize, Serialize)]
struct Kept {
    meta: SnapshotMeta<u64, MemberNode>,
    data: Vec<u8>,
}

/// Makes, keeps and installs the snapshots of one member.
pub(crate) struct SnapshotMaker {
    store: Store,
}

impl SnapshotMaker {
    pub(super) fn new(store: Store) -> Self {
        Self { store }
    }

    /// The snapshot that was last made or installed.
    pub(super) fn current(&self) -> Result<Option<Snapshot<TypeConfig>>, StoreError> {
        let kept: Option<Kept> = self.store.record(SNAPSHOT)?;
        Ok(kept.map(into_snapshot))
    }

    /// Replaces the applied state by that of the snapshot, and keeps the snapshot.
    pub(super) async fn install(&self, meta: SnapshotMeta<u64, MemberNode>, data: Vec<u8>) -> Result<(), StoreError> {
        let contents: Contents = serde_json::from_slice(&data)?;
        let install = self.store.write(Durability::Immediate, move |transaction| {
            let mut keys = transaction.open_table(KEYS)?;
            keys.retain(|_, _| false)?;
            for (key, value) in &contents.keys {
                keys.insert(key.as_str(), value.as_slice())?;
            }
            let mut records = transaction.open_table(META)?;
            if let Some(last) = &meta.last_log_id {
                put_record(&mut records, LAST_APPLIED, last)?;
            }
            if let Some(cluster_id) = &contents.cluster_id {
                put_record(&mut records, CLUSTER_ID, cluster_id)?;
            }
            put_record(&mut records, MEMBERSHIP, &meta.last_membership)?;
            put_record(&mut records, SNAPSHOT, &Kept { meta, data })
        });
        install.await
    }

    async fn make(&self) -> Result<Snapshot<TypeConfig>, StoreError> {
        let kept = self.read()?;
        let record = kept.clone();
        let keep = self.store.write(Durability::Immediate, move |transaction| {
            put_record(&mut transaction.open_table(META)?, SNAPSHOT, &record)
        });
        keep.await?;
        Ok(into_snapshot(kept))
    }

    /// Reads all of the state in one transaction, so that it is the state of one moment.
    fn read(&self) -> Result<Kept, StoreError> {
        let transaction = self.store.file.database.begin_read()?;
        let records = transaction.open_table(META)?;
        let table = transaction.open_table(KEYS)?;
        let mut keys = BTreeMap::new();
        for pair in table.iter()? {
            let (key, value) = pair?;
            keys.insert(key.value().to_owned(), value.value().to_vec());
        }
        let contents = Contents { cluster_id: get_record(&records, CLUSTER_ID)?, keys };
        let last_log_id = get_record(&records, LAST_APPLIED)?;
        let snapshot_id = format!("{last_log_id:?}");
        let meta = SnapshotMeta {
            last_log_id,
            last_membership: get_record(&records, MEMBERSHIP)?.unwrap_or_default(),
            snapshot_id,
        };
        let data = serde_json::to_vec(&contents)?;
        Ok(Kept { meta, data })
    }
}

impl RaftSnapshotBuilder<TypeConfig> for SnapshotMaker {
    async fn build_snapshot(&mut self) -> Result<Snapshot<TypeConfig>, StorageError<u64>> {
        let made = self.make().await;
        Ok(made.map_err(|error| StorageIOError::write_snapshot(None, &error))?)
    }
}

fn into_snapshot(kept: Kept) -> Snapshot<TypeConfig> {
    Snapshot { meta: kept.meta, snapshot: Box::new(Cursor::new(kept.data)) }
}
