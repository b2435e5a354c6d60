//! What the operating system refused.

use std::io;
use std::path::{Path, PathBuf};

/// Something that could not be done with a file, a folder or a program.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}")]
pub struct Refused {
    /// What was tried.
    action: &'static str,
    /// The file, the folder or the program.
    path: PathBuf,
    /// What the operating system said.
    source: io::Error,
}

impl Refused {
    /// For `map_err`: makes an error of what was tried, on what, and what the operating system says.
    pub(crate) fn when<E: From<Self>>(action: &'static str, path: &Path) -> impl Fn(io::Error) -> E + use<E> {
        let path = path.to_owned();
        move |source| Self { action, path: path.clone(), source }.into()
    }
}
