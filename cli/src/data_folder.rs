//! The data folder: what stays between two runs.
//!
//! Each simulated market and each set of recorded rows has a folder of its own in it, with its raw objects,
//! its Postgres and the day it has reached, so that data of different origin never mix.

use std::io;
use std::path::{Path, PathBuf};

use runtime::settings::variable;
use serde::{Deserialize, Serialize};

use crate::args::SimulationArgs;

/// The folder of one market.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
}

/// How far a simulation has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Days that were collected and loaded; the next one to collect has this number, from 0.
    pub days: u32,
}

/// The data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the data folder {path}: {source}; pass another --data-dir")]
pub struct DataFolderError {
    path: PathBuf,
    source: io::Error,
}

impl DataFolder {
    /// Opens the folder of the market or the rows that the arguments name, creating it if need be.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn open(arguments: &SimulationArgs) -> Result<Self, DataFolderError> {
        let path = match &arguments.data_dir {
            Some(folder) => std::path::absolute(folder).unwrap_or_else(|_| folder.clone()),
            None => default_folder(),
        };
        let path = path.join(market_name(arguments));
        std::fs::create_dir_all(&path).map_err(|source| DataFolderError { path: path.clone(), source })?;
        Ok(Self { path })
    }

    /// Folder of the S3 buckets.
    #[must_use]
    pub fn object_store(&self) -> PathBuf {
        self.path.join("s3")
    }

    /// Folder of the private Postgres.
    #[must_use]
    pub fn postgres(&self) -> PathBuf {
        self.path.join("postgres")
    }

    /// The state that the last run saved; that of a new simulation if there is none.
    ///
    /// # Errors
    /// If it is there but cannot be read.
    pub fn state(&self) -> Result<State, DataFolderError> {
        match std::fs::read(self.state_file()) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| self.error(io::Error::other(error))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(State::default()),
            Err(error) => Err(self.error(error)),
        }
    }

    /// Saves the state, whole or not at all.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn save(&self, state: State) -> Result<(), DataFolderError> {
        let new = self.path.join("state.json.new");
        let text = serde_json::to_vec(&state).map_err(|error| self.error(io::Error::other(error)))?;
        std::fs::write(&new, text)
            .and_then(|()| std::fs::rename(&new, self.state_file()))
            .map_err(|error| self.error(error))
    }

    fn state_file(&self) -> PathBuf {
        self.path.join("state.json")
    }

    fn error(&self, source: io::Error) -> DataFolderError {
        DataFolderError { path: self.path.clone(), source }
    }
}

/// For root a folder that the account which runs Postgres can enter, else one in the user's home.
fn default_folder() -> PathBuf {
    let home = variable("HOME").map(PathBuf::from);
    let data_home = variable("XDG_DATA_HOME").map(PathBuf::from);
    match (crate::postgres::is_root(), data_home, home) {
        (false, Some(data_home), _) => data_home.join("cenovka"),
        (false, None, Some(home)) => home.join(".local/share/cenovka"),
        _ => PathBuf::from("/var/lib/cenovka"),
    }
}

fn market_name(arguments: &SimulationArgs) -> String {
    if arguments.rows.is_empty() {
        return format!("simulated-{}", arguments.listings);
    }
    let stem = |file: &PathBuf| Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let stems: Vec<_> = arguments.rows.iter().filter_map(stem).collect();
    let plain = |character: char| if character.is_alphanumeric() { character } else { '-' };
    format!("recorded-{}", stems.join("-")).chars().map(plain).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(folder: &Path, listings: usize, rows: &[&str]) -> SimulationArgs {
        let rows = rows.iter().map(PathBuf::from).collect();
        SimulationArgs { data_dir: Some(folder.to_owned()), days: None, listings, rows }
    }

    #[test]
    fn the_state_survives_and_other_markets_have_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let market = DataFolder::open(&arguments(folder.path(), 500, &[])).unwrap();
        assert_eq!(market.state().unwrap(), State { days: 0 });
        market.save(State { days: 3 }).unwrap();
        let again = DataFolder::open(&arguments(folder.path(), 500, &[])).unwrap();
        assert_eq!(again.state().unwrap(), State { days: 3 });
        let rows = DataFolder::open(&arguments(folder.path(), 500, &["a/rows_1.json"])).unwrap();
        assert_eq!(rows.state().unwrap(), State { days: 0 });
    }

    #[test]
    fn an_unusable_folder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error = DataFolder::open(&arguments(file.path(), 1, &[])).unwrap_err().to_string();
        assert!(
            error.contains("--data-dir") && error.contains(&file.path().display().to_string()),
            "{error}"
        );
    }
}
