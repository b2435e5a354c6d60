//! What a publication did.

use serde::Serialize;

/// What a run did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The name of the publication that readers see now.
    pub publication: String,
    pub files_written: u64,
    /// Files that the publication before has, too.
    pub files_kept: u64,
    /// Objects of old publications.
    pub files_deleted: u64,
    pub bytes_written: u64,
    /// Rows of all datasets.
    pub rows: u64,
    /// Whether the marts still say what the publication before says.
    pub unchanged: bool,
    /// Files of the page that were put.
    pub page_files_written: u64,
    /// Whether another publication was under way: then nothing was done.
    pub busy: bool,
}
