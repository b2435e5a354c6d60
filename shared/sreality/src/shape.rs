//! The known shape of a page, and how the pages of a walk differ from it: the first sign that the portal changes.

use serde::{Deserialize, Serialize};

/// One difference between the pages of a walk and the known shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Where: `locality.gps_lat`, `advert_images_all[].restb_room_type`; the envelope's keys start with `/`.
    pub path: String,
    /// What.
    pub change: Change,
    /// The JSON types that were found there, such as `string` or `null, number`; empty if the key is missing.
    pub found: String,
    /// In how many rows (for the envelope: pages).
    pub rows: u64,
}

/// What can differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A key that is not known.
    Appeared,
    /// A key that every row has had.
    Disappeared,
    /// A value of a type that was never seen there.
    ChangedType,
}
