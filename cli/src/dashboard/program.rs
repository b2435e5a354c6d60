//! Python programs that end with this process, and what they say.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{ChildStdout, Command};

use super::error::Error;
use local::supervisor::{Signal, Supervisor};

/// Settings of Python that would make it find other modules.
const PYTHONS_OWN: [&str; 2] = ["PYTHONPATH", "PYTHONHOME"];

/// A running program.
#[derive(Debug)]
pub(super) struct Program {
    supervisor: Supervisor,
    lines: Lines<BufReader<ChildStdout>>,
    what: &'static str,
    log: PathBuf,
}

impl Program {
    /// Starts it. What it says on standard error goes to `log`, which is emptied.
    pub(super) fn start(
        what: &'static str,
        python: &Path,
        arguments: &[&str],
        log: &Path,
        prepare: impl FnOnce(&mut Command),
    ) -> Result<Self, Error> {
        let errors = File::create(log).map_err(Error::io("write", log))?;
        let mut supervisor = Supervisor::start(python, arguments, Signal::Term, |command| {
            command.stdout(Stdio::piped()).stderr(errors);
            for variable in PYTHONS_OWN {
                command.env_remove(variable);
            }
            prepare(command);
        })?;
        let output = supervisor.take_output().ok_or_else(|| {
            Error::io("read what is said by", python)(std::io::Error::from(std::io::ErrorKind::BrokenPipe))
        })?;
        Ok(Self { supervisor, lines: BufReader::new(output).lines(), what, log: log.to_owned() })
    }

    /// The next line that it says; `None` once it has closed its output. To give up waiting changes nothing.
    pub(super) async fn line(&mut self) -> Result<Option<String>, Error> {
        self.lines.next_line().await.map_err(Error::io("read what is said by the program of", &self.log))
    }

    /// Waits for its end, saying each line to `said`; an error if it failed.
    pub(super) async fn finish(mut self, mut said: impl FnMut(&str)) -> Result<(), Error> {
        while let Some(line) = self.line().await? {
            said(&line);
        }
        if self.supervisor.ended().await?.success() { Ok(()) } else { Err(self.blame()) }
    }

    /// Waits until it ends, which it should not do by itself, and says why it did. To give up waiting changes nothing.
    pub(super) async fn fail(&mut self) -> Error {
        loop {
            match self.line().await {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => return error,
            }
        }
        match self.supervisor.ended().await {
            Ok(_) => self.blame(),
            Err(error) => error.into(),
        }
    }

    /// Tells it to end, and waits until it has.
    pub(super) async fn stop(self) -> Result<(), Error> {
        Ok(self.supervisor.stop().await?)
    }

    fn blame(&self) -> Error {
        let said = fs::read(&self.log).unwrap_or_default();
        let said = String::from_utf8_lossy(&said);
        let mut lines: Vec<&str> = said.lines().rev().take(15).collect();
        lines.reverse();
        Error::Failed { what: self.what, log: self.log.clone(), tail: lines.join("\n") }
    }
}
