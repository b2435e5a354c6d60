//! Rows in the binary format of COPY.
//!
//! Source: <https://www.postgresql.org/docs/current/sql-copy.html>, "Binary Format".

use bytes::{BufMut, Bytes, BytesMut};
use futures_util::SinkExt;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio_postgres::Transaction;
use uuid::Uuid;

use crate::error::{Context, Error};
use crate::prepared::Prepared;

/// Signature, flags, length of the header's extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What stands for the end of the rows.
const TRAILER: i16 = -1;
/// What stands for null.
const NULL: i32 = -1;
/// Postgres counts time from 2000-01-01: so many microseconds and days after 1970-01-01.
const EPOCH_MICROSECONDS: i64 = 946_684_800_000_000;
const EPOCH_DAYS: i32 = 10_957;
/// So many bytes of one table's rows are sent together: few rows at a time cost Postgres twice as much for each.
pub(crate) const FULL: usize = 512 * 1024;
/// So much is sent at once.
const CHUNK: usize = 256 * 1024;

/// Rows to be copied into one table.
#[derive(Debug, Default)]
pub(crate) struct CopyRows {
    bytes: BytesMut,
}

impl CopyRows {
    /// Begins a row of so many values.
    pub(crate) fn row(&mut self, values: i16) {
        self.bytes.put_i16(values);
    }

    /// Adds values that were encoded before.
    pub(crate) fn encoded(&mut self, values: &[u8]) {
        self.bytes.extend_from_slice(values);
    }

    pub(crate) fn add(&mut self, value: impl CopyValue + Copy) {
        value.encode(&mut self.bytes);
    }

    /// Adds an array without nulls.
    pub(crate) fn array<T: ArrayItem>(&mut self, items: impl ExactSizeIterator<Item = T>) {
        let mut array = BytesMut::new();
        let dimensions = i32::from(items.len() > 0);
        array.put_i32(dimensions);
        array.put_i32(0);
        array.put_u32(T::OID);
        if dimensions > 0 {
            length(&mut array, items.len());
            array.put_i32(1);
        }
        items.for_each(|item| item.encode(&mut array));
        length(&mut self.bytes, array.len());
        self.bytes.extend_from_slice(&array);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Copies the rows: `into` names the table and its columns.
    pub(crate) async fn send(
        &mut self,
        transaction: &Transaction<'_>,
        prepared: &mut Prepared,
        into: &str,
        action: &'static str,
    ) -> Result<(), Error> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        self.bytes.put_i16(TRAILER);
        let statement = prepared.statement(transaction, &format!("copy {into} from stdin binary")).await?;
        let sink = transaction.copy_in(&statement).await.context(action)?;
        let mut sink = std::pin::pin!(sink);
        sink.feed(Bytes::from_static(HEADER)).await.context(action)?;
        while !self.bytes.is_empty() {
            let chunk = self.bytes.split_to(CHUNK.min(self.bytes.len()));
            sink.send(chunk.freeze()).await.context(action)?;
        }
        sink.finish().await.storing(action).map(drop)
    }
}

/// A value with its length before it.
pub(crate) trait CopyValue {
    fn encode(&self, bytes: &mut BytesMut);
}

/// What an array can hold.
pub(crate) trait ArrayItem: CopyValue {
    const OID: u32;
}

impl ArrayItem for i16 {
    const OID: u32 = 21;
}

impl ArrayItem for i32 {
    const OID: u32 = 23;
}

/// Lengths of values that are longer than a row can be do not occur.
fn length(bytes: &mut BytesMut, length: usize) {
    bytes.put_i32(i32::try_from(length).unwrap_or(i32::MAX));
}

impl<T: CopyValue> CopyValue for Option<T> {
    fn encode(&self, bytes: &mut BytesMut) {
        match self {
            Some(value) => value.encode(bytes),
            None => bytes.put_i32(NULL),
        }
    }
}

impl CopyValue for i16 {
    fn encode(&self, bytes: &mut BytesMut) {
        length(bytes, 2);
        bytes.put_i16(*self);
    }
}

impl CopyValue for i32 {
    fn encode(&self, bytes: &mut BytesMut) {
        length(bytes, 4);
        bytes.put_i32(*self);
    }
}

impl CopyValue for i64 {
    fn encode(&self, bytes: &mut BytesMut) {
        length(bytes, 8);
        bytes.put_i64(*self);
    }
}

impl CopyValue for f64 {
    fn encode(&self, bytes: &mut BytesMut) {
        length(bytes, 8);
        bytes.put_f64(*self);
    }
}

impl CopyValue for bool {
    fn encode(&self, bytes: &mut BytesMut) {
        length(bytes, 1);
        bytes.put_u8(u8::from(*self));
    }
}

impl CopyValue for &str {
    fn encode(&self, bytes: &mut BytesMut) {
        self.as_bytes().encode(bytes);
    }
}

impl CopyValue for &[u8] {
    fn encode(&self, bytes: &mut BytesMut) {
        length(bytes, self.len());
        bytes.put_slice(self);
    }
}

impl CopyValue for Uuid {
    fn encode(&self, bytes: &mut BytesMut) {
        length(bytes, 16);
        bytes.put_slice(self.as_bytes());
    }
}

impl CopyValue for Timestamp {
    fn encode(&self, bytes: &mut BytesMut) {
        (self.as_microsecond() - EPOCH_MICROSECONDS).encode(bytes);
    }
}

impl CopyValue for Date {
    fn encode(&self, bytes: &mut BytesMut) {
        let days = Date::constant(1970, 1, 1).until(*self).map_or(0, |span| span.get_days());
        (days - EPOCH_DAYS).encode(bytes);
    }
}
