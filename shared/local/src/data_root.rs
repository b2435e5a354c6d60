//! Where what stays on a machine lies, unless `--data-dir` says otherwise.

use std::path::PathBuf;

use runtime::settings::variable;

/// `CENOVKA_DATA_DIR`; without it a folder in the user's home, or for root one that the account which runs Postgres can
/// enter.
#[must_use]
pub fn data_root() -> PathBuf {
    if let Some(folder) = variable("CENOVKA_DATA_DIR") {
        let folder = PathBuf::from(folder);
        return std::path::absolute(&folder).unwrap_or(folder);
    }
    let home = variable("HOME").map(PathBuf::from);
    let data_home = variable("XDG_DATA_HOME").map(PathBuf::from);
    match (crate::postgres::is_root(), data_home, home) {
        (false, Some(data_home), _) => data_home.join("cenovka"),
        (false, None, Some(home)) => home.join(".local/share/cenovka"),
        _ => PathBuf::from("/var/lib/cenovka"),
    }
}
