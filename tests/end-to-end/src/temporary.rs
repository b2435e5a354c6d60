//! Folders for the time of a test.

use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

/// A folder that the account which runs Postgres can enter.
#[must_use]
pub fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    folder
}
