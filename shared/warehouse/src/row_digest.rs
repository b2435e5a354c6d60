//! Digests of the rows that said what listings say now: a row that comes again need not be parsed.
//!
//! A cache, never a fact. An entry says: a row with this digest is of this listing and means this wording. That does not
//! depend on time, so an entry can be missing but never be wrong; only a change of the parser makes it void.

use std::cmp::Ordering;
use std::collections::HashSet;

use sreality::row::PARSER_VERSION;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;

use crate::error::{Context, Error};
use crate::history::Filter;
use crate::prepared::Prepared;

const READ: &str = "
select entries from warehouse.row_digest where category = $1 and deal = $2 and parser_version = $3";

const WRITE: &str = "
insert into warehouse.row_digest (category, deal, parser_version, entries)
values ($1, $2, $3, $4)
on conflict (category, deal) do update
set (parser_version, entries) = (excluded.parser_version, excluded.entries)";

/// Bytes of an entry: the row's digest, the listing's id, the wording's digest.
const ENTRY: usize = 16 + 8 + 16;

/// What a row with this digest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) row: u128,
    pub(crate) hash_id: i64,
    pub(crate) wording: u128,
}

/// The digests of one category and deal type.
#[derive(Debug, Default)]
pub(crate) struct RowDigests {
    /// Entries in the order of their rows' digests, as they are stored.
    stored: Vec<u8>,
    /// What was parsed since.
    new: Vec<Remembered>,
}

impl RowDigests {
    pub(crate) async fn read(
        transaction: &Transaction<'_>,
        prepared: &mut Prepared,
        filter: &Filter,
    ) -> Result<Self, Error> {
        let read = prepared.statement(transaction, READ).await?;
        let row = transaction.query_opt(&read, &[&filter.category, &filter.deal, &PARSER_VERSION]).await;
        let stored = row.context("read the digests of rows")?.map(|row| row.get(0)).unwrap_or_default();
        Ok(Self { stored, new: Vec::new() })
    }

    /// What a row with this digest is, if one was parsed before.
    pub(crate) fn find(&self, row: u128) -> Option<Remembered> {
        let mut from = 0;
        let mut to = self.stored.len() / ENTRY;
        while from < to {
            let middle = usize::midpoint(from, to);
            let entry = self.entry(middle)?;
            match entry.row.cmp(&row) {
                Ordering::Less => from = middle + 1,
                Ordering::Greater => to = middle,
                Ordering::Equal => return Some(entry),
            }
        }
        None
    }

    fn entry(&self, index: usize) -> Option<Remembered> {
        self.stored.get(index * ENTRY..(index + 1) * ENTRY).and_then(Remembered::decode)
    }

    /// Remembers what a parsed row is.
    pub(crate) fn remember(&mut self, remembered: Remembered) {
        self.new.push(remembered);
    }

    /// Whether anything was parsed since they were read.
    pub(crate) fn have_grown(&self) -> bool {
        !self.new.is_empty()
    }

    /// Stores what was parsed and, of what was known, what is still worth keeping.
    pub(crate) async fn write(
        self,
        transaction: &Transaction<'_>,
        prepared: &mut Prepared,
        filter: &Filter,
        is_kept: impl Fn(&Remembered) -> bool,
    ) -> Result<(), Error> {
        let bytes = self.merged(is_kept);
        let write = prepared.statement(transaction, WRITE).await?;
        let parameters: [&(dyn ToSql + Sync); 4] = [&filter.category, &filter.deal, &PARSER_VERSION, &bytes];
        transaction.execute(&write, &parameters).await.context("store the digests of rows").map(drop)
    }

    fn merged(mut self, is_kept: impl Fn(&Remembered) -> bool) -> Vec<u8> {
        let replaced: HashSet<i64> = self.new.iter().map(|entry| entry.hash_id).collect();
        self.new.sort_by_key(|entry| entry.row);
        self.new.dedup_by_key(|entry| entry.row);
        let mut new = self.new.iter().peekable();
        let mut bytes = Vec::with_capacity(self.stored.len() + self.new.len() * ENTRY);
        let old = self.stored.chunks_exact(ENTRY).filter_map(Remembered::decode);
        for old in old.filter(|old| !replaced.contains(&old.hash_id) && is_kept(old)) {
            while let Some(entry) = new.next_if(|new| new.row < old.row) {
                entry.encode(&mut bytes);
            }
            old.encode(&mut bytes);
        }
        new.for_each(|entry| entry.encode(&mut bytes));
        bytes
    }
}

impl Remembered {
    fn encode(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.row.to_be_bytes());
        bytes.extend_from_slice(&self.hash_id.to_be_bytes());
        bytes.extend_from_slice(&self.wording.to_be_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (row, bytes) = bytes.split_first_chunk()?;
        let (hash_id, bytes) = bytes.split_first_chunk()?;
        let (wording, _) = bytes.split_first_chunk()?;
        Some(Self {
            row: u128::from_be_bytes(*row),
            hash_id: i64::from_be_bytes(*hash_id),
            wording: u128::from_be_bytes(*wording),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digests(entries: &[(u8, i64)]) -> RowDigests {
        let new = entries.iter().map(|(row, hash_id)| Remembered {
            row: u128::from(*row) << 100,
            hash_id: *hash_id,
            wording: u128::from(*row),
        });
        RowDigests { stored: Vec::new(), new: new.collect() }
    }

    proptest! {
        #[test]
        fn what_is_stored_is_found_unless_its_listing_said_something_else_since(
            first in proptest::collection::vec((any::<u8>(), 0..40_i64), 0..60),
            second in proptest::collection::vec((any::<u8>(), 0..40_i64), 0..60),
        ) {
            let stored = digests(&first).merged(|_| true);
            let mut both = digests(&second);
            both.stored = stored.clone();
            let both = RowDigests { stored: both.merged(|_| true), new: Vec::new() };
            let stored = RowDigests { stored, new: Vec::new() };
            for row in 0..=u8::MAX {
                let row = u128::from(row) << 100;
                let in_second = second.iter().find(|(new, _)| u128::from(*new) << 100 == row);
                let in_first = stored.find(row).map(|found| found.hash_id);
                let kept = in_first.filter(|id| second.iter().all(|(_, new)| new != id));
                prop_assert_eq!(stored.find(row).is_some(), first.iter().any(|(new, _)| u128::from(*new) << 100 == row));
                let found = both.find(row).map(|found| found.hash_id);
                prop_assert!(found == kept || found.is_some() && in_second.is_some());
            }
        }
    }
}
