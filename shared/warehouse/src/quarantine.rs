//! Raw objects that are set aside as a whole: damaged, of an unknown format, falsified.
//!
//! Nothing of such an object is in any other table, so that the tables remain a function of the objects that are not
//! in quarantine.

use std::fmt;

use jiff::Timestamp;
use sreality::Segment;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::connection::Warehouse;
use crate::error::{Doing, Error};
use crate::falsification::Falsified;
use crate::shrinkage::Shrunken;

/// Longest reason that is kept, in characters: some parsers quote what they could not read.
const LONGEST_REASON: usize = 1_000;

/// Not where the ledger has the object: another loader loaded it meanwhile. What stands there already stays, unless it was
/// released. A walk that was released after a judgement is not judged again by a loader that had begun before.
const SET_ASIDE: &str = "
insert into warehouse.quarantine (bucket, key, object_bytes, kind, reason, figures, walk_id, segment, started_at)
select $1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9
where not exists (select from warehouse.walk where bucket = $1 and key = $2)
on conflict (bucket, key) do update
set (object_bytes, kind, reason, figures, noted_at, released_at)
    = (excluded.object_bytes, excluded.kind, excluded.reason, excluded.figures, excluded.noted_at, null)
where quarantine.released_at is not null
    and not (
        quarantine.kind in ('falsified', 'shrunken') and excluded.kind in ('falsified', 'shrunken')
    )";

const COLUMNS: &str = "bucket, key, kind, reason, figures::text, noted_at, released_at";

/// Why an object is in quarantine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuarantineKind {
    /// It is no intact walk file, or holds what Postgres cannot.
    Damaged,
    /// It is a walk file of a later version.
    UnknownFormat,
    /// Its rows are not true.
    Falsified,
    /// It lacks too much of what is on offer.
    Shrunken,
}

impl QuarantineKind {
    /// As it is stored.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Damaged => "damaged",
            Self::UnknownFormat => "unknown_format",
            Self::Falsified => "falsified",
            Self::Shrunken => "shrunken",
        }
    }

    /// Whether it was judged by what else is known: an operator's release then holds against every later judgement.
    #[must_use]
    pub fn is_judgement(self) -> bool {
        matches!(self, Self::Falsified | Self::Shrunken)
    }

    /// The reverse of [`QuarantineKind::name`]; the table holds no other names.
    pub(crate) fn of(name: &str) -> Self {
        match name {
            "unknown_format" => Self::UnknownFormat,
            "falsified" => Self::Falsified,
            "shrunken" => Self::Shrunken,
            _ => Self::Damaged,
        }
    }
}

impl fmt::Display for QuarantineKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// An object that is to be set aside.
#[derive(Clone, Copy, Debug)]
pub struct Suspect<'a> {
    /// Where it lies.
    pub bucket: &'a str,
    /// Its key.
    pub key: &'a str,
    /// Its size, if it was opened.
    pub object_bytes: Option<u64>,
    /// The walk's id, segment and start, if the key says them.
    pub walk: Option<(Uuid, &'a Segment, Timestamp)>,
}

/// Why an object is to be set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The kind.
    pub kind: QuarantineKind,
    /// What is wrong with it.
    pub reason: String,
    /// What the decision rests on, as JSON; of falsified and shrunken walks only.
    pub figures: Option<String>,
}

impl From<Falsified> for Finding {
    fn from(Falsified { reason, figures }: Falsified) -> Self {
        Self { kind: QuarantineKind::Falsified, reason, figures: Some(figures) }
    }
}

impl From<Shrunken> for Finding {
    fn from(Shrunken { reason, figures }: Shrunken) -> Self {
        Self { kind: QuarantineKind::Shrunken, reason, figures: Some(figures) }
    }
}

/// An object in quarantine, or one that was released from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    /// Where it lies.
    pub bucket: String,
    /// Its key.
    pub key: String,
    /// Why.
    pub kind: QuarantineKind,
    /// What is wrong with it.
    pub reason: String,
    /// What the decision rests on, as JSON; of falsified and shrunken walks only.
    pub figures: Option<String>,
    /// When it was set aside.
    pub noted_at: Timestamp,
    /// When the operator released it.
    pub released_at: Option<Timestamp>,
}

impl From<&Row> for Quarantined {
    fn from(row: &Row) -> Self {
        Self {
            bucket: row.get("bucket"),
            key: row.get("key"),
            kind: QuarantineKind::of(row.get("kind")),
            reason: row.get("reason"),
            figures: row.get("figures"),
            noted_at: row.get("noted_at"),
            released_at: row.get("released_at"),
        }
    }
}

impl Warehouse {
    /// Sets an object aside. Done twice, the first finding stays; after a release, the new one.
    ///
    /// # Errors
    /// If Postgres cannot be reached or refuses.
    pub async fn quarantine(&mut self, suspect: Suspect<'_>, finding: &Finding) -> Result<(), Error> {
        let Suspect { bucket, key, object_bytes, walk } = suspect;
        let object_bytes = object_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        let (walk_id, segment, started_at) = walk
            .map(|(id, segment, started_at)| (id, segment.to_string(), started_at))
            .map_or((None, None, None), |(id, segment, start)| (Some(id), Some(segment), Some(start)));
        // Postgres cannot hold the character 0, which may be just what is wrong with the object.
        let reason =
            finding.reason.chars().take(LONGEST_REASON).map(|c| if c == '\0' { '\u{fffd}' } else { c });
        let (kind, reason) = (finding.kind.name(), reason.collect::<String>());
        self.checked_client()
            .await?
            .execute(
                SET_ASIDE,
                &[
                    &bucket,
                    &key,
                    &object_bytes,
                    &kind,
                    &reason,
                    &finding.figures,
                    &walk_id,
                    &segment,
                    &started_at,
                ],
            )
            .await
            .doing("set the object aside")?;
        Ok(())
    }

    /// What the quarantine has on an object: set aside, or released (`released_at`).
    ///
    /// # Errors
    /// If Postgres cannot be reached or refuses.
    pub async fn quarantined(&mut self, bucket: &str, key: &str) -> Result<Option<Quarantined>, Error> {
        let sql = format!("select {COLUMNS} from warehouse.quarantine where bucket = $1 and key = $2");
        let row = self.checked_client().await?.query_opt(&sql, &[&bucket, &key]).await;
        Ok(row.doing("read the quarantine")?.as_ref().map(Quarantined::from))
    }

    /// Releases an object, so that its next load goes on without the check that it failed; false if it is not in
    /// quarantine.
    ///
    /// # Errors
    /// If Postgres cannot be reached or refuses.
    pub async fn release(&mut self, bucket: &str, key: &str) -> Result<bool, Error> {
        let sql = "
            update warehouse.quarantine
            set released_at = now()
            where bucket = $1 and key = $2 and released_at is null";
        let released = self.checked_client().await?.execute(sql, &[&bucket, &key]).await;
        Ok(released.doing("release the object")? > 0)
    }

    /// Every object that is or was in quarantine, in the order in which they were set aside.
    ///
    /// # Errors
    /// If Postgres cannot be reached or refuses.
    pub async fn quarantine_list(&mut self) -> Result<Vec<Quarantined>, Error> {
        let sql = format!("select {COLUMNS} from warehouse.quarantine order by noted_at, bucket, key");
        let rows = self.checked_client().await?.query(&sql, &[]).await.doing("read the quarantine")?;
        Ok(rows.iter().map(Quarantined::from).collect())
    }
}
