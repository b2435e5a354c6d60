//! Programs that end when this process does, however it ends.
//!
//! Nothing can be done in a process that is killed with SIGKILL, and the kernel's help (`PR_SET_PDEATHSIG`)
//! needs unsafe code and is Linux's alone. So the program runs under a small shell script that waits for the
//! end of its standard input, a pipe whose other end this process holds and never writes to. When this
//! process stops the program, drops it, or dies, the pipe closes, and the script sends the program SIGINT:
//! Postgres takes that as a fast shutdown, `initdb` as an order to clean up and give up.
//!
//! The script leads a process group of its own: the terminal sends Ctrl-C to the foreground group, and the
//! database must not end before those who still use it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::account::Account;
use super::error::Error;
use super::log::Log;

/// The signal is repeated because one that comes before the program has set up its handlers is lost: a shell
/// starts background programs with SIGINT ignored. In the end the script ends what is left of its group: the
/// watcher and its `sleep`.
const SCRIPT: &str = r#"
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
{
    read -r _ <&3
    while kill -INT "$program"; do sleep 1; done
} 2>/dev/null &
exec 3<&-
wait "$program"
status=$?
trap '' TERM
kill -TERM 0
wait
exit "$status"
"#;

/// How long a program may take to end: a fast shutdown writes all that shared memory holds.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// A running program. Dropping this tells the program to end without waiting for it.
#[derive(Debug)]
pub(super) struct Supervisor {
    shell: Child,
    lifeline: ChildStdin,
    program: PathBuf,
}

impl Supervisor {
    /// Starts `program`. What it says goes to the log.
    pub(super) fn start(
        account: &Account,
        program: &Path,
        arguments: &[OsString],
        log: &Log,
    ) -> Result<Self, Error> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(SCRIPT).arg("sh").arg(program).args(arguments);
        command.stdin(Stdio::piped()).stdout(log.output()?).stderr(log.output()?).process_group(0);
        // The log is quoted in errors, which are in English.
        command.env("LC_ALL", "C");
        // The account may not be able to enter the folder that this process stands in.
        if let Some(folder) = log.path.parent() {
            command.current_dir(folder);
        }
        account.apply(&mut command);

        let mut shell = command.spawn().map_err(Error::io("run", program))?;
        let lifeline = shell.stdin.take().ok_or_else(|| {
            Error::io("open a pipe to", program)(std::io::Error::from(std::io::ErrorKind::BrokenPipe))
        })?;
        Ok(Self { shell, lifeline, program: program.to_owned() })
    }

    pub(super) fn has_ended(&mut self) -> Result<bool, Error> {
        let status = self.shell.try_wait().map_err(Error::io("wait for", &self.program))?;
        Ok(status.is_some())
    }

    /// Waits until the program ends by itself.
    pub(super) async fn ended(mut self) -> Result<ExitStatus, Error> {
        self.shell.wait().await.map_err(Error::io("wait for", &self.program))
    }

    /// Tells the program to end and waits until it has.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        drop(self.lifeline);
        match timeout(STOP_PATIENCE, self.shell.wait()).await {
            Ok(ended) => ended.map(drop).map_err(Error::io("wait for", &self.program)),
            Err(_) => Err(Error::NotStopped {
                supervisor: self.shell.id().unwrap_or_default(),
                patience: STOP_PATIENCE,
            }),
        }
    }
}
