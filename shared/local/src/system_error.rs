//! What the operating system refused.

use std::io;
use std::path::{Path, PathBuf};

/// Something that could not be done with a file, a folder or a program.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}{advice}")]
pub struct SystemError {
    action: &'static str,
    /// The file, the folder or the program.
    path: PathBuf,
    /// What may help, in parentheses.
    advice: &'static str,
    source: io::Error,
}

impl SystemError {
    /// For `map_err`: makes an error of what was tried, on what, and what the operating system says.
    pub fn when<E: From<Self>>(action: &'static str, path: &Path) -> impl Fn(io::Error) -> E + use<E> {
        let path = path.to_owned();
        move |source| Self { action, path: path.clone(), advice: advice(&source), source }.into()
    }
}

/// What helps where the data folder is not the user's: nearly every path that is touched here lies in it.
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::StorageFull => {
            " (another --data-dir may do)"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_another_user_is_refused_with_the_option_to_change_it() {
        let error: SystemError =
            SystemError::when("create", Path::new("/data/postgres"))(io::ErrorKind::PermissionDenied.into());
        assert_eq!(error.to_string(), "cannot create /data/postgres (another --data-dir may do)");
        let error: SystemError =
            SystemError::when("read", Path::new("/data/state"))(io::ErrorKind::NotFound.into());
        assert_eq!(error.to_string(), "cannot read /data/state");
    }
}
