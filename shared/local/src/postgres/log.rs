//! What `initdb` and `postgres` say, and whether one of them still runs.
//!
//! After a killed run its programs go on for a moment, and the next run must not touch what they work on. The
//! log tells: a lock on it belongs to the open file, which is the output of a program and of all its
//! children, so the lock is free when the last of them has ended, and no sooner.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::error::Error;

/// How long a start waits for what is left of an earlier run: a server may have much to write down.
const PREDECESSOR_PATIENCE: Duration = Duration::from_secs(20);

/// The log of a folder, locked.
#[derive(Debug)]
pub(super) struct Log {
    pub(super) path: PathBuf,
    file: File,
}

impl Log {
    /// Waits until nothing of an earlier run is left, then empties the log.
    pub(super) async fn take_over(folder: &Path) -> Result<Self, Error> {
        let path = folder.join("server.log");
        // Several programs write to it: each at the end, whatever the others have written meanwhile.
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(&path).map_err(Error::io("open", &path))?;
        let patience = Instant::now() + PREDECESSOR_PATIENCE;
        while let Err(error) = file.try_lock() {
            match error {
                TryLockError::Error(error) => return Err(Error::io("lock", &path)(error)),
                TryLockError::WouldBlock if Instant::now() > patience => return Err(still_running(folder)),
                TryLockError::WouldBlock => sleep(Duration::from_millis(20)).await,
            }
        }
        file.set_len(0).map_err(Error::io("empty", &path))?;
        Ok(Self { path, file })
    }

    /// The log as the output of a program, which shares the lock.
    pub(super) fn output(&self) -> Result<File, Error> {
        self.file.try_clone().map_err(Error::io("open", &self.path))
    }

    /// The error for a program that failed.
    pub(super) fn blame(&self, program: &'static str) -> Error {
        let said = fs::read(&self.path).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let mut lines: Vec<&str> = said.lines().rev().take(15).collect();
        lines.reverse();
        Error::Failed { program, log: self.path.clone(), tail: lines.join("\n") }
    }
}

fn still_running(folder: &Path) -> Error {
    let pid_file = fs::read_to_string(folder.join("cluster/postmaster.pid"));
    let process = match pid_file.as_deref().ok().and_then(|content| content.lines().next()) {
        Some(pid) => format!("process {pid}"),
        None => "a process".to_owned(),
    };
    Error::StillRunning { process, folder: folder.to_owned() }
}
