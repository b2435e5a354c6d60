//! Programs that end when this process does, however it ends.
//!
//! Nothing can be done in a process that is killed with SIGKILL, and the kernel's help (`PR_SET_PDEATHSIG`)
//! needs unsafe code and is Linux's alone. So the program runs under a small shell script that waits for the
//! end of its standard input, a pipe whose other end this process holds and never writes to. When this
//! process stops the program, drops it, or dies, the pipe closes, and the script sends the program a signal to end.
//!
//! The script leads a process group of its own: the terminal sends Ctrl-C to the foreground group, and the
//! database must not end before those who still use it.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use crate::system_error::SystemError;

/// The signal is repeated because one that comes before the program has set up its handlers is lost: a shell
/// starts background programs with SIGINT ignored. In the end the script ends what is left of its group: the
/// watcher and its `sleep`.
const SCRIPT: &str = r#"
signal=$1
shift
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
{
    read -r _ <&3
    while kill -"$signal" "$program"; do sleep 1; done
} 2>/dev/null &
exec 3<&-
wait "$program"
status=$?
trap '' TERM
kill -TERM 0
wait
exit "$status"
"#;

/// How long a program may take to end: a fast shutdown of Postgres writes all that shared memory holds.
const STOP_PATIENCE: Duration = Duration::from_secs(60);

/// Why a program did not start or did not end.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    System(#[from] SystemError),
    /// The program did not end in time.
    #[error(
        "{} (under the process {supervisor}) did not end within {} s: kill it",
        program.file_name().unwrap_or_default().display(), patience.as_secs()
    )]
    NotStopped { program: PathBuf, supervisor: u32, patience: Duration },
}

/// What tells a program to end.
#[derive(Clone, Copy, Debug)]
pub enum Signal {
    /// To Postgres a fast shutdown, to `initdb` an order to clean up and give up.
    Int,
    /// For programs that ignore SIGINT where a shell has let it be ignored, as Python's do.
    Term,
}

/// A running program. Dropping this tells the program to end without waiting for it.
#[derive(Debug)]
pub struct Supervisor {
    shell: Child,
    lifeline: ChildStdin,
    program: PathBuf,
}

impl Supervisor {
    /// Starts `program`. `prepare` may set where its output goes, its environment and its user.
    pub fn start(
        program: &Path,
        arguments: &[impl AsRef<OsStr>],
        signal: Signal,
        prepare: impl FnOnce(&mut Command),
    ) -> Result<Self, Error> {
        let signal = match signal {
            Signal::Int => "INT",
            Signal::Term => "TERM",
        };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", SCRIPT, "sh", signal]).arg(program).args(arguments);
        prepare(&mut command);
        command.stdin(Stdio::piped()).process_group(0);
        let mut shell = command.spawn().map_err(io_error("run", program))?;
        let lifeline = shell.stdin.take().ok_or_else(|| io::Error::from(io::ErrorKind::BrokenPipe));
        let lifeline = lifeline.map_err(io_error("open a pipe to", program))?;
        Ok(Self { shell, lifeline, program: program.to_owned() })
    }

    /// What the program says, if `prepare` had it piped; once.
    pub fn take_output(&mut self) -> Option<ChildStdout> {
        self.shell.stdout.take()
    }

    /// Whether the program has ended.
    pub fn has_ended(&mut self) -> Result<bool, Error> {
        let status = self.shell.try_wait().map_err(io_error("wait for", &self.program))?;
        Ok(status.is_some())
    }

    /// Waits until the program ends by itself. To give up waiting changes nothing.
    pub async fn ended(&mut self) -> Result<ExitStatus, Error> {
        self.shell.wait().await.map_err(io_error("wait for", &self.program))
    }

    /// Tells the program to end and waits until it has.
    pub async fn stop(mut self) -> Result<(), Error> {
        drop(self.lifeline);
        match timeout(STOP_PATIENCE, self.shell.wait()).await {
            Ok(ended) => ended.map(drop).map_err(io_error("wait for", &self.program)),
            Err(_) => Err(Error::NotStopped {
                program: self.program,
                supervisor: self.shell.id().unwrap_or_default(),
                patience: STOP_PATIENCE,
            }),
        }
    }
}

fn io_error(action: &'static str, program: &Path) -> impl Fn(io::Error) -> Error + use<> {
    SystemError::when(action, program)
}
