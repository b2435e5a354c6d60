//! The data folder: what stays between two runs.
//!
//! Each simulated market and each set of recorded rows has a folder of its own in it, with its raw objects,
//! its Postgres and the day it has reached, so that data of different origin never mix.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::market::Market;

/// The folder of one market.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
}

impl fmt::Display for DataFolder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(formatter)
    }
}

/// How far a simulation has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Tells this market from all others of its kind: another folder's has other days.
    pub market: Uuid,
    /// Days that were collected and loaded; the next one to collect has this number, from 0.
    pub days: u32,
    /// The date of day 0, if it is the market's own: a seeded one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_day: Option<Date>,
}

/// The data folder cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the data folder {path} (another --data-dir may do)")]
pub struct DataFolderError {
    path: PathBuf,
    source: io::Error,
}

impl DataFolder {
    /// Opens the folder of a market, creating it if need be: in `data_dir`, or in `CENOVKA_DATA_DIR`, or where
    /// such data usually lie.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn open(data_dir: Option<&Path>, market: &Market<'_>) -> Result<Self, DataFolderError> {
        let path = match data_dir {
            Some(folder) => std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned()),
            None => local::data_root(),
        };
        let path = path.join(market.name());
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

    /// Folder of what its Superset needs and keeps.
    #[must_use]
    pub fn superset(&self) -> PathBuf {
        self.path.join("superset")
    }

    /// Folder of installations of Superset, which all markets share.
    #[must_use]
    pub fn superset_installations(&self) -> PathBuf {
        self.path.with_file_name("superset")
    }

    /// The state that the last run saved; that of a new simulation, which is saved, if there is none.
    ///
    /// # Errors
    /// If it is there but cannot be read, or cannot be saved.
    pub fn state(&self) -> Result<State, DataFolderError> {
        match std::fs::read(self.state_file()) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| self.error(io::Error::other(error))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let state = State { market: Uuid::new_v4(), days: 0, first_day: None };
                self.save(state)?;
                Ok(state)
            }
            Err(error) => Err(self.error(error)),
        }
    }

    /// What the simulator calls the market: its kind and its own id.
    ///
    /// # Errors
    /// If the state cannot be read.
    pub fn market(&self) -> Result<String, DataFolderError> {
        let kind = self.path.file_name().unwrap_or_default().to_string_lossy();
        Ok(format!("{kind}-{}", self.state()?.market.simple()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_survives_and_other_markets_have_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let open = |market| DataFolder::open(Some(folder.path()), &market).unwrap();
        let market = open(Market::Seeded { listings: 500 });
        let new = market.state().unwrap();
        assert_eq!((new.days, new.first_day), (0, None));
        let reached = State { days: 3, first_day: Some(jiff::civil::date(2026, 2, 1)), ..new };
        market.save(reached).unwrap();
        assert_eq!(open(Market::Seeded { listings: 500 }).state().unwrap(), reached);
        for other in
            [Market::Simulated { listings: 500 }, Market::Recorded { files: &["a/rows_1.json".into()] }]
        {
            let other = open(other);
            assert_eq!(other.state().unwrap().days, 0);
            assert_ne!(other.state().unwrap().market, reached.market);
            assert_eq!(other.market().unwrap(), other.market().unwrap());
        }
    }

    #[test]
    fn an_unusable_folder_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let error =
            DataFolder::open(Some(file.path()), &Market::Simulated { listings: 1 }).unwrap_err().to_string();
        assert!(
            error.contains("--data-dir") && error.contains(&file.path().display().to_string()),
            "{error}"
        );
    }
}
