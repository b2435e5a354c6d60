//! Raw objects that are set aside as a whole: damaged, of an unknown format, falsified, shrunken.
//!
//! Nothing of such an object is in any other table, so that the tables remain a function of the objects that are not
//! in quarantine.

use std::fmt;

use jiff::Timestamp;
use sreality::Segment;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::connection::Warehouse;
use crate::error::{Context, Error};
use crate::falsification::Falsified;
use crate::shrinkage::Shrunken;

/// Longest reason that is kept, in characters: some parsers quote what they could not read.
const LONGEST_REASON: usize = 1_000;

/// Not where the ledger has the object: another loader loaded it meanwhile. What stands there already stays, unless it was
/// released to be tried again. A walk that was released after a judgement is not judged again by a loader that had begun
/// before.
const SET_ASIDE: &str = "
insert into warehouse.quarantine (bucket, key, object_bytes, kind, reason, figures, walk_id, segment, started_at)
select $1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9
where not exists (select from warehouse.walk where key = $2)
on conflict (key) do update
set (bucket, object_bytes, kind, reason, figures, noted_at)
    = (excluded.bucket, excluded.object_bytes, excluded.kind, excluded.reason, excluded.figures, excluded.noted_at)
where quarantine.decision = 'release' and not quarantine.is_open
    and not (
        quarantine.kind in ('falsified', 'shrunken') and excluded.kind in ('falsified', 'shrunken')
    )";

const COLUMNS: &str = "
    key, object_bytes, kind, reason, figures::text, segment, started_at, noted_at, is_open, decision, decided_at,
    decided_by, because";

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

impl Suspect<'_> {
    /// The walk's id, segment and start as they are stored.
    pub(crate) fn columns(
        walk: Option<(Uuid, &Segment, Timestamp)>,
    ) -> (Option<Uuid>, Option<String>, Option<Timestamp>) {
        let Some((id, segment, started_at)) = walk else { return (None, None, None) };
        (Some(id), Some(segment.to_string()), Some(started_at))
    }
}

/// An object in quarantine, or one of which an operator has decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quarantined {
    pub key: String,
    /// Its size, if it was opened.
    pub object_bytes: Option<i64>,
    pub kind: QuarantineKind,
    pub reason: String,
    /// What the decision rests on, as JSON; of falsified and shrunken walks only.
    pub figures: Option<String>,
    /// The walk's segment and start, if the key says them.
    pub walk: Option<(String, Timestamp)>,
    /// When it was set aside.
    pub noted_at: Timestamp,
    /// Whether it waits for a decision.
    pub is_open: bool,
    /// What was decided of it.
    pub decided: Option<Decided>,
}

/// A decision as the quarantine shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// `release` or `dismiss`.
    pub action: String,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    pub because: Option<String>,
}

impl From<&Row> for Quarantined {
    fn from(row: &Row) -> Self {
        let decided = row.get::<_, Option<String>>("decision").map(|action| Decided {
            action,
            at: row.get("decided_at"),
            by: row.get("decided_by"),
            because: row.get("because"),
        });
        Self {
            key: row.get("key"),
            object_bytes: row.get("object_bytes"),
            kind: QuarantineKind::of(row.get("kind")),
            reason: row.get("reason"),
            figures: row.get("figures"),
            walk: row.get::<_, Option<String>>("segment").zip(row.get("started_at")),
            noted_at: row.get("noted_at"),
            is_open: row.get("is_open"),
            decided,
        }
    }
}

impl Warehouse {
    /// Sets an object aside. Done twice, the first finding stays; after a release, the new one.
    pub async fn quarantine(&mut self, suspect: Suspect<'_>, finding: &Finding) -> Result<(), Error> {
        let Suspect { bucket, key, object_bytes, walk } = suspect;
        let object_bytes = object_bytes.map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
        let (walk_id, segment, started_at) = Suspect::columns(walk);
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
            .context("set the object aside")?;
        Ok(())
    }

    /// What the quarantine has on an object.
    pub async fn quarantined(&mut self, key: &str) -> Result<Option<Quarantined>, Error> {
        let sql = format!("select {COLUMNS} from warehouse.quarantine where key = $1");
        let row = self.checked_client().await?.query_opt(&sql, &[&key]).await;
        Ok(row.context("read the quarantine")?.as_ref().map(Quarantined::from))
    }

    /// Every object that is or was in quarantine, in the order in which they were set aside.
    pub async fn quarantine_list(&mut self) -> Result<Vec<Quarantined>, Error> {
        let sql = format!("select {COLUMNS} from warehouse.quarantine order by noted_at, key");
        let rows = self.checked_client().await?.query(&sql, &[]).await.context("read the quarantine")?;
        Ok(rows.iter().map(Quarantined::from).collect())
    }
}
