//! aiosmtpd, a mail server from `PyPI`: `tests/mail-server`.

use std::ffi::OsString;
use std::fs;
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::binary::workspace;
use crate::network_postgres::Certificate;
use crate::temporary::folder;

/// How a mail server encrypts.
#[derive(Clone, Copy, Debug)]
pub enum MailEncryption<'c> {
    None,
    StartTls(&'c Certificate),
    FromTheStart(&'c Certificate),
}

/// A running mail server.
pub struct MailServer {
    pub port: u16,
    output: Lines<BufReader<ChildStdout>>,
    _process: Child,
    _folder: TempDir,
}

/// The Python that has aiosmtpd: `CENOVKA_MAIL_SERVER`, or the one that CI makes; `None` if there is none.
#[must_use]
pub fn python() -> Option<OsString> {
    std::env::var_os("CENOVKA_MAIL_SERVER").or_else(|| {
        let python = workspace().join("target/mail-server/bin/python");
        python.exists().then(|| python.into())
    })
}

impl MailServer {
    /// Starts one that wants this login (`user:password`); `None` if this machine has no aiosmtpd.
    pub async fn start(login: &str, encryption: MailEncryption<'_>) -> Option<Self> {
        let mut command = Command::new(python()?);
        command.arg(workspace().join("tests/mail-server/serve.py")).args(["--login", login]);
        let folder = folder();
        if let MailEncryption::StartTls(certificate) | MailEncryption::FromTheStart(certificate) = encryption
        {
            let file = folder.path().join("server.pem");
            fs::write(&file, certificate.pem() + &certificate.key_pem()).unwrap();
            command.arg("--certificate").arg(file);
        }
        if matches!(encryption, MailEncryption::FromTheStart(_)) {
            command.arg("--from-the-start");
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = command.spawn().unwrap();
        let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = output.next_line().await.unwrap().expect("the mail server starts").parse().unwrap();
        Some(Self { port, output, _process: process, _folder: folder })
    }

    /// The next mail that it took.
    pub async fn mail(&mut self) -> Value {
        let line = self.output.next_line().await.unwrap().expect("the mail server runs");
        serde_json::from_str(&line).unwrap()
    }
}
