//! What counts as an installation of Postgres.

use std::path::{Path, PathBuf};

/// The folder in which the `initdb` of `folder` really lies. A link in the PATH is resolved, since the other
/// programs need not be linked beside it, or may be linked from another version.
pub(super) fn installation_of(folder: &Path) -> Option<PathBuf> {
    let initdb = folder.join("initdb").canonicalize().ok()?;
    let folder = initdb.parent()?;
    folder.join("postgres").is_file().then(|| folder.to_owned())
}
