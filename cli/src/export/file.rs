//! Where an export goes: standard output, or a file that is there only when it is whole.

use std::io::{self, BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::error::Error;
use super::writing;

pub(super) enum OutputFile {
    Stdout(BufWriter<Stdout>),
    /// Beside its place, where it is renamed to when it is whole.
    File {
        file: BufWriter<NamedTempFile>,
        path: PathBuf,
    },
}

impl OutputFile {
    pub(super) fn create(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::Stdout(BufWriter::new(io::stdout()))) };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut named = tempfile::Builder::new();
        // As any other file that a user makes.
        #[cfg(unix)]
        named.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = named.tempfile_in(folder).map_err(writing(&path.display().to_string()))?;
        Ok(Self::File { file: BufWriter::new(file), path: path.to_owned() })
    }

    /// What errors call it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Stdout(_) => "standard output".to_owned(),
            Self::File { path, .. } => path.display().to_string(),
        }
    }

    pub(super) fn finish(mut self) -> Result<(), Error> {
        let name = self.name();
        self.flush().map_err(writing(&name))?;
        match self {
            Self::Stdout(_) => Ok(()),
            Self::File { file, path } => {
                let file = file.into_inner().map_err(|error| writing(&name)(error.into_error()))?;
                file.persist(path).map(drop).map_err(|error| writing(&name)(error.error))
            }
        }
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(output) => output.write(bytes),
            Self::File { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(output) => output.flush(),
            Self::File { file, .. } => file.flush(),
        }
    }
}
