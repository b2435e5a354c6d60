//! Digests of the rows that said what listings say now: a row that comes again need not be parsed.
//!
//! A cache, never a fact. An entry says: a row with this digest is of this listing and means this wording. That does not
//! depend on time, so an entry can be missing but never be wrong; only a change of the parser makes it void.

use std::cmp::Ordering;
use std::collections::HashSet;

use futures_util::{TryStreamExt, future};
use sreality::row::PARSER_VERSION;
use tokio_postgres::Transaction;
use tokio_postgres::types::ToSql;
use uuid::Uuid;
use xxhash_rust::xxh3::xxh3_128;

use crate::copy::CopyRows;
use crate::error::{Context, Error};
use crate::history::Filter;
use crate::prepared::Prepared;

const READ: &str = "
select entries from warehouse.row_digest where category = $1 and deal = $2 and parser_version = $3 order by part";

const DELETE: &str = "delete from warehouse.row_digest where category = $1 and deal = $2";

const COPY: &str = "warehouse.row_digest (category, deal, part, parser_version, entries)";

/// Bytes of an entry: the row's digest, the listing's id, the wording's digest.
const ENTRY: usize = 16 + 8 + 16;

/// So many entries are stored in one part, and sent or received at once: what a connection has once needed for a message,
/// it keeps.
const PART: usize = 4096;

/// Stands for a row's text. The order of digests is that of their bytes.
pub(crate) type RowDigest = [u8; 16];

/// The digest of a row's text.
pub(crate) fn row_digest(text: &str) -> RowDigest {
    xxh3_128(text.as_bytes()).to_be_bytes()
}

/// What a row with this digest is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remembered {
    pub(crate) row: RowDigest,
    pub(crate) hash_id: i64,
    pub(crate) wording: Uuid,
}

/// The digests of one category and deal type. By default there are none, and none are remembered.
#[derive(Debug, Default)]
pub(crate) struct RowDigests {
    /// Whether what is parsed is to be remembered: only who has read what is stored can store it anew.
    are_kept: bool,
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
        let parameters: [&(dyn ToSql + Sync); 3] = [&filter.category, &filter.deal, &PARSER_VERSION];
        let parts = transaction.query_raw(&read, parameters).await.context("read the digests of rows")?;
        let all = |mut stored: Vec<u8>, part: tokio_postgres::Row| {
            stored.extend_from_slice(part.get(0));
            future::ok(stored)
        };
        let stored = parts.try_fold(Vec::new(), all).await.context("read the digests of rows")?;
        Ok(Self { are_kept: true, stored, new: Vec::new() })
    }

    /// What a row with this digest is, if one was parsed before.
    pub(crate) fn find(&self, row: RowDigest) -> Option<Remembered> {
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
        if self.are_kept {
            self.new.push(remembered);
        }
    }

    /// Whether anything was parsed since they were read.
    pub(crate) fn have_grown(&self) -> bool {
        !self.new.is_empty()
    }

    /// Stores what was parsed and, of what was known, what is still worth keeping.
    pub(crate) async fn write(
        mut self,
        transaction: &Transaction<'_>,
        prepared: &mut Prepared,
        filter: &Filter,
        is_kept: impl Fn(&Remembered) -> bool,
    ) -> Result<(), Error> {
        let action = "store the digests of rows";
        let delete = prepared.statement(transaction, DELETE).await?;
        transaction.execute(&delete, &[&filter.category, &filter.deal]).await.context(action)?;
        let mut merged = self.merged(is_kept);
        for part in 0_i32.. {
            let mut entries = Vec::with_capacity(PART * ENTRY);
            merged.by_ref().take(PART).for_each(|entry| entry.encode(&mut entries));
            if entries.is_empty() {
                break;
            }
            let mut copy = CopyRows::default();
            copy.row(5);
            copy.add(filter.category);
            copy.add(filter.deal);
            copy.add(part);
            copy.add(PARSER_VERSION);
            copy.add(entries.as_slice());
            copy.send(transaction, prepared, COPY, action).await?;
        }
        Ok(())
    }

    /// The entries to store, in their order.
    fn merged(&mut self, is_kept: impl Fn(&Remembered) -> bool) -> impl Iterator<Item = Remembered> {
        let replaced: HashSet<i64> = self.new.iter().map(|entry| entry.hash_id).collect();
        self.new.sort_unstable_by_key(|entry| entry.row);
        self.new.dedup_by_key(|entry| entry.row);
        let mut new = self.new.iter().copied().peekable();
        let stored = self.stored.chunks_exact(ENTRY).filter_map(Remembered::decode);
        let mut old = stored.filter(move |old| !replaced.contains(&old.hash_id) && is_kept(old)).peekable();
        std::iter::from_fn(move || match (old.peek(), new.peek()) {
            (Some(old), Some(entry)) if entry.row < old.row => new.next(),
            (Some(_), _) => old.next(),
            (None, _) => new.next(),
        })
    }
}

impl Remembered {
    fn encode(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.row);
        bytes.extend_from_slice(&self.hash_id.to_be_bytes());
        bytes.extend_from_slice(self.wording.as_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (row, bytes) = bytes.split_first_chunk()?;
        let (hash_id, bytes) = bytes.split_first_chunk()?;
        let (wording, _) = bytes.split_first_chunk()?;
        Some(Self { row: *row, hash_id: i64::from_be_bytes(*hash_id), wording: Uuid::from_bytes(*wording) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn digests(stored: Vec<u8>, parsed: &[(u8, i64)]) -> RowDigests {
        let mut digests = RowDigests { are_kept: true, stored, new: Vec::new() };
        for (row, hash_id) in parsed {
            digests.remember(Remembered {
                row: [*row; 16],
                hash_id: *hash_id,
                wording: Uuid::from_bytes([*row; 16]),
            });
        }
        digests
    }

    fn stored(mut digests: RowDigests) -> RowDigests {
        let mut stored = Vec::new();
        digests.merged(|_| true).for_each(|entry| entry.encode(&mut stored));
        RowDigests { are_kept: true, stored, new: Vec::new() }
    }

    #[test]
    fn who_has_not_read_what_is_stored_remembers_nothing() {
        let mut digests = RowDigests::default();
        digests.remember(Remembered { row: [1; 16], hash_id: 1, wording: Uuid::nil() });
        assert!(!digests.have_grown());
    }

    proptest! {
        #[test]
        fn what_is_stored_is_found_unless_its_listing_said_something_else_since(
            first in proptest::collection::vec((any::<u8>(), 0..40_i64), 0..60),
            second in proptest::collection::vec((any::<u8>(), 0..40_i64), 0..60),
        ) {
            let one = stored(digests(Vec::new(), &first));
            let both = stored(digests(one.stored.clone(), &second));
            for row in 0..=u8::MAX {
                let in_second = second.iter().find(|(new, _)| *new == row);
                let in_first = one.find([row; 16]).map(|found| found.hash_id);
                let kept = in_first.filter(|id| second.iter().all(|(_, new)| new != id));
                prop_assert_eq!(one.find([row; 16]).is_some(), first.iter().any(|(new, _)| *new == row));
                let found = both.find([row; 16]).map(|found| found.hash_id);
                prop_assert!(found == kept || found.is_some() && in_second.is_some());
            }
        }
    }
}
