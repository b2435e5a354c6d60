//! A mail server: as much of SMTP (RFC 5321) as a mail needs.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it answers where it could refuse.
#[derive(Clone, Copy)]
pub(crate) struct Answers {
    pub(crate) login: &'static str,
    pub(crate) recipient: &'static str,
    pub(crate) mail: &'static str,
}

pub(crate) const KIND: Answers =
    Answers { login: "235 welcome", recipient: "250 ok", mail: "250 queued as 1" };

/// A mail that it took.
#[derive(Clone, Default)]
pub(crate) struct Mail {
    /// AUTH, MAIL and RCPT, as they were said.
    pub(crate) commands: Vec<String>,
    pub(crate) text: String,
}

impl Mail {
    pub(crate) fn header(&self, name: &str) -> &str {
        let prefix = format!("{name}: ");
        self.text.lines().find_map(|line| line.strip_prefix(&prefix)).unwrap()
    }
}

pub(crate) struct MailServer {
    pub(crate) port: u16,
    mails: Arc<Mutex<Vec<Mail>>>,
}

impl MailServer {
    pub(crate) async fn answering(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mails = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&mails);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, answers, Arc::clone(&kept)));
            }
        });
        Self { port, mails }
    }

    pub(crate) fn mails(&self) -> Vec<Mail> {
        self.mails.lock().unwrap().clone()
    }
}

async fn serve(connection: TcpStream, answers: Answers, mails: Arc<Mutex<Vec<Mail>>>) {
    let mut connection = BufReader::new(connection);
    let mut mail = Mail::default();
    say(&mut connection, "220 mail.example ESMTP").await;
    while let Some(line) = hear(&mut connection).await {
        let command = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let answer = match command.as_str() {
            "EHLO" => "250-mail.example\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
            "AUTH" => answers.login,
            "MAIL" => "250 ok",
            "RCPT" => answers.recipient,
            "DATA" => {
                say(&mut connection, "354 go on").await;
                while let Some(line) = hear(&mut connection).await
                    && line != "."
                {
                    mail.text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    mail.text.push('\n');
                }
                if answers.mail.starts_with('2') {
                    mails.lock().unwrap().push(std::mem::take(&mut mail));
                }
                answers.mail
            }
            "QUIT" => "221 bye",
            _ => "502 what?",
        };
        if ["AUTH", "MAIL", "RCPT"].contains(&command.as_str()) {
            mail.commands.push(line);
        }
        say(&mut connection, answer).await;
    }
}

async fn say(connection: &mut BufReader<TcpStream>, line: &str) {
    // Whoever has had enough may have gone.
    let _ = connection.write_all(format!("{line}\r\n").as_bytes()).await;
}

async fn hear(connection: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = Vec::new();
    let length = connection.read_until(b'\n', &mut line).await.ok()?;
    (length > 0).then(|| String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned())
}
