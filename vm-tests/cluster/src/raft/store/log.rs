//! The Raft log and the vote: synced to disk before they are reported to the library as written.

use std::fmt::Debug;
use std::ops::RangeBounds;

use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{Entry, LogId, LogState, OptionalSend, RaftLogReader, StorageError, StorageIOError, Vote};
use redb::{Durability, ReadableDatabase, ReadableTable};

use super::super::types::TypeConfig;
use super::{LAST_PURGED, LOG, META, Store, StoreError, VOTE, put_record};

/// The log of one member; a clone reads the same log.
#[derive(Clone)]
pub(crate) struct LogStore {
    store: Store,
}

impl LogStore {
    pub(crate) fn new(store: Store) -> Self {
        Self { store }
    }

    fn read(&self, range: impl RangeBounds<u64>) -> Result<Vec<Entry<TypeConfig>>, StoreError> {
        let table = self.store.file.database.begin_read()?.open_table(LOG)?;
        let bounds = (range.start_bound().cloned(), range.end_bound().cloned());
        table.range::<u64>(bounds)?.map(|entry| Ok(serde_json::from_slice(entry?.1.value())?)).collect()
    }

    fn state(&self) -> Result<LogState<TypeConfig>, StoreError> {
        let last_purged_log_id: Option<LogId<u64>> = self.store.record(LAST_PURGED)?;
        let table = self.store.file.database.begin_read()?.open_table(LOG)?;
        let last: Option<Entry<TypeConfig>> = match table.last()? {
            Some((_, entry)) => Some(serde_json::from_slice(entry.value())?),
            None => None,
        };
        Ok(LogState { last_purged_log_id, last_log_id: last.map(|entry| entry.log_id).or(last_purged_log_id) })
    }

    async fn insert(&self, entries: Vec<(u64, Vec<u8>)>) -> Result<(), StoreError> {
        let insert = self.store.write(Durability::Immediate, move |transaction| {
            let mut table = transaction.open_table(LOG)?;
            for (index, entry) in &entries {
                table.insert(index, entry.as_slice())?;
            }
            Ok(())
        });
        insert.await
    }

    async fn remove(
        &self,
        range: impl RangeBounds<u64> + Send + 'static,
        purged: Option<LogId<u64>>,
    ) -> Result<(), StoreError> {
        let remove = self.store.write(Durability::Immediate, move |transaction| {
            let bounds = (range.start_bound().cloned(), range.end_bound().cloned());
            let mut table = transaction.open_table(LOG)?;
            table.retain_in::<u64, _>(bounds, |_, _| false)?;
            if let Some(purged) = purged {
                put_record(&mut transaction.open_table(META)?, LAST_PURGED, &purged)?;
            }
            Ok(())
        });
        remove.await
    }

    async fn put_vote(&self, vote: Vote<u64>) -> Result<(), StoreError> {
        let put = self.store.write(Durability::Immediate, move |transaction| {
            put_record(&mut transaction.open_table(META)?, VOTE, &vote)
        });
        put.await
    }
}

impl RaftLogReader<TypeConfig> for LogStore {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry<TypeConfig>>, StorageError<u64>> {
        let entries = self.read(range);
        Ok(entries.map_err(|error| StorageIOError::read_logs(&error))?)
    }
}

impl RaftLogStorage<TypeConfig> for LogStore {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<TypeConfig>, StorageError<u64>> {
        let state = self.state();
        Ok(state.map_err(|error| StorageIOError::read_logs(&error))?)
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote<u64>) -> Result<(), StorageError<u64>> {
        let saved = self.put_vote(*vote).await;
        Ok(saved.map_err(|error| StorageIOError::write_vote(&error))?)
    }

    async fn read_vote(&mut self) -> Result<Option<Vote<u64>>, StorageError<u64>> {
        let vote = self.store.record(VOTE);
        Ok(vote.map_err(|error| StorageIOError::read_vote(&error))?)
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<TypeConfig>) -> Result<(), StorageError<u64>>
    where
        I: IntoIterator<Item = Entry<TypeConfig>> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let encoded = entries
            .into_iter()
            .map(|entry| Ok((entry.log_id.index, serde_json::to_vec(&entry)?)))
            .collect::<Result<Vec<_>, serde_json::Error>>()
            .map_err(|error| StorageIOError::write_logs(&error))?;
        let inserted = self.insert(encoded).await;
        inserted.map_err(|error| StorageIOError::write_logs(&error))?;
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId<u64>) -> Result<(), StorageError<u64>> {
        let removed = self.remove(log_id.index.., None).await;
        Ok(removed.map_err(|error| StorageIOError::write_logs(&error))?)
    }

    async fn purge(&mut self, log_id: LogId<u64>) -> Result<(), StorageError<u64>> {
        let removed = self.remove(..=log_id.index, Some(log_id)).await;
        Ok(removed.map_err(|error| StorageIOError::write_logs(&error))?)
    }
}
