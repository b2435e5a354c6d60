//! What a migration did, as the migrator answers it.

use serde::Serialize;

/// What a migration did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Migrated {
    /// Names of the migrations that were applied; none if the schema was up to date.
    pub applied: Vec<&'static str>,
    /// The schema's version now.
    pub schema_version: i32,
}
