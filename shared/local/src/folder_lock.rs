//! One process at a time for one folder.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;

/// A lock on a file, held until this is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct FolderLock(File);

impl FolderLock {
    /// Takes the lock on the file at `path`, made if missing; `None` if somebody else holds it.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = File::create(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file would not do: a program that is just being started has a copy for a moment. When
        // unlocking fails, closing is all that is left.
        let _ = self.0.unlock();
    }
}
