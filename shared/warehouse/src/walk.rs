//! What the ledger knows of a walk beside the walk's own facts.

/// Where a walk lies.
#[derive(Clone, Debug)]
pub struct RawObject {
    pub bucket: String,
    pub key: String,
    /// Its size.
    pub bytes: u64,
}

/// What became of a walk's rows: `seen = loaded + duplicate + rejected`, which the database enforces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows in the raw object.
    pub seen: u64,
    /// Rows that became sightings.
    pub loaded: u64,
    /// Rows that repeat a listing of the same walk.
    pub duplicate: u64,
    /// Rows that could not be understood.
    pub rejected: u64,
}
