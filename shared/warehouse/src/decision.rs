//! What an operator decided of an object that was set aside.
//!
//! A decision is an immutable object beside the raw zone, so that it outlives the database: whoever rebuilds the warehouse
//! from S3 decides the same. It repeats what it was decided on, so that an object that is dismissed need not be read again,
//! whatever else is loaded by then.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::connection::Warehouse;
use crate::error::{Context, Error};
use crate::quarantine::{Quarantined, Suspect};

/// What the keys of all decisions begin with.
pub const DECISIONS: &str = "decisions/";

/// What becomes of the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// It is loaded: a falsified or shrunken walk without the check that it failed, any other if it can be read now.
    Release,
    /// It is never loaded, and nobody need look at it any more.
    Dismiss,
}

impl Action {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Dismiss => "dismiss",
        }
    }
}

/// A decision, as its object holds it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decision {
    /// Its id, unique for ever.
    pub id: Uuid,
    /// What becomes of the object.
    pub action: Action,
    pub key: String,
    /// When it was decided: of two decisions on one object the later one holds.
    pub at: Timestamp,
    /// Who decided.
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Why the object was set aside, as `warehouse.quarantine` says it, like the next three.
    pub kind: String,
    pub reason: String,
    /// The figures of a falsified or shrunken walk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub figures: Option<Box<RawValue>>,
    /// The object's size, if it was opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_bytes: Option<i64>,
}

impl Decision {
    /// A decision made now on an object that is set aside.
    #[must_use]
    pub fn new(action: Action, object: &Quarantined, by: String, because: Option<String>) -> Self {
        // To the microsecond, as Postgres keeps it.
        let now = Timestamp::now();
        Self {
            id: Uuid::new_v4(),
            action,
            key: object.key.clone(),
            at: Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now),
            by,
            because,
            kind: object.kind.name().to_owned(),
            reason: object.reason.clone(),
            figures: object.figures.clone().and_then(|figures| RawValue::from_string(figures).ok()),
            object_bytes: object.object_bytes,
        }
    }

    /// The key of its own object: `decisions/20261125t010203.000000z-<id>.json`.
    #[must_use]
    pub fn object_key(&self) -> String {
        format!("{DECISIONS}{}-{}.json", self.at.strftime("%Y%m%dt%H%M%S%.6fz"), self.id)
    }

    /// The id of the decision whose object has this key; `None` if it is no decision's.
    #[must_use]
    pub fn id_of(object_key: &str) -> Option<Uuid> {
        let name = object_key.strip_prefix(DECISIONS)?.strip_suffix(".json")?;
        name.split_once('-')?.1.parse().ok()
    }
}

/// The row is made as the first finding made it. Whatever was decided is decided after that: a damaged object that is
/// released is tried again.
const APPLY: &str = "
insert into warehouse.quarantine (
    bucket, key, object_bytes, kind, reason, figures, walk_id, segment, started_at, noted_at, decision_id, decision,
    decided_at, decided_by, because
)
values (
    $1, $2, $3, $4, $5, $6::text::jsonb, $7, $8, $9, $12::timestamptz - interval '1 microsecond', $10, $11, $12, $13, $14
)
on conflict (key) do update
set (decision_id, decision, decided_at, decided_by, because)
    = (excluded.decision_id, excluded.decision, excluded.decided_at, excluded.decided_by, excluded.because)
where quarantine.decided_at is null
    or (quarantine.decided_at, quarantine.decision_id) < (excluded.decided_at, excluded.decision_id)";

impl Warehouse {
    /// The decisions that it knows.
    pub async fn decisions(&mut self) -> Result<Vec<Uuid>, Error> {
        let sql = "select decision_id from warehouse.quarantine where decision_id is not null";
        let rows = self.checked_client().await?.query(sql, &[]).await.context("read the decisions")?;
        Ok(rows.iter().map(|row| row.get(0)).collect())
    }

    /// Enters a decision, unless it or a later one is known, and says whether it was entered.
    pub async fn decide(&mut self, suspect: Suspect<'_>, decision: &Decision) -> Result<bool, Error> {
        let Decision { id, action, at, by, because, kind, reason, figures, object_bytes, .. } = decision;
        let Suspect { bucket, key, walk, .. } = suspect;
        let (walk_id, segment, started_at) = Suspect::columns(walk);
        let figures = figures.as_ref().map(|figures| figures.get());
        let client = self.checked_client().await?;
        let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 14] = [
            &bucket,
            &key,
            object_bytes,
            kind,
            reason,
            &figures,
            &walk_id,
            &segment,
            &started_at,
            id,
            &action.name(),
            at,
            by,
            because,
        ];
        Ok(client.execute(APPLY, &parameters).await.context("enter a decision")? > 0)
    }
}
