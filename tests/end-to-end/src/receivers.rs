//! One receiver for each kind of channel, on loopback, and when what came to it.
//!
//! Webhook, ntfy and Telegram are one HTTP server, which takes only what each of them would take. Mail comes to
//! aiosmtpd. A feed comes to nobody: its readers fetch it.

use std::collections::HashMap;
use std::fs;
use std::net::TcpListener as StdTcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::Client as S3Client;
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode, Uri};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::mail_server;
use crate::temporary::folder;

/// The kinds of channels, which are also their names here.
pub const CHANNELS: [&str; 5] = ["webhook", "ntfy", "telegram", "mail", "feed"];

const TOKEN_OF_NTFY: &str = "tk_ntfy";
const TOKEN_OF_BOT: &str = "123:AAF-x_y";
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What came at once.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub at: Timestamp,
    pub text: String,
}

impl Arrival {
    /// Whether it tells of a listing: each is told with the URL of its page, which ends with its id.
    #[must_use]
    pub fn mentions(&self, hash_id: i64) -> bool {
        let id = format!("/{hash_id}");
        self.text
            .match_indices(&id)
            .any(|(at, _)| !self.text[at + id.len()..].starts_with(|next: char| next.is_ascii_digit()))
    }
}

type Arrivals = Arc<Mutex<HashMap<&'static str, Vec<Arrival>>>>;

/// All receivers.
pub struct Receivers {
    arrivals: Arrivals,
    http: String,
    mails: TempDir,
    mail_port: u16,
    _mail_server: Child,
}

impl Receivers {
    /// Starts all but the reader of feeds.
    pub async fn start() -> Self {
        let arrivals = Arrivals::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let http = format!("http://{}", listener.local_addr().unwrap());
        let kept = Arc::clone(&arrivals);
        let take = move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
            let Some(channel) = taken_by(&uri, &headers, &body) else { return StatusCode::BAD_REQUEST };
            let text = String::from_utf8(body.to_vec()).unwrap();
            let arrival = Arrival { at: Timestamp::now(), text };
            kept.lock().unwrap().entry(channel).or_default().push(arrival);
            StatusCode::OK
        };
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(take)).await });
        let mails = folder();
        let (mail_server, mail_port) = mail_server(mails.path()).await;
        Self { arrivals, http, mails, mail_port, _mail_server: mail_server }
    }

    /// The part of watches that names the channels.
    #[must_use]
    pub fn channels(&self) -> String {
        let http = &self.http;
        format!(
            r#"
            [channels.webhook]
            kind = "webhook"
            url = "{http}/hook"

            [channels.ntfy]
            kind = "ntfy"
            url = "{http}/topic"

            [channels.telegram]
            kind = "telegram"
            chat = -100123
            api = "{http}"

            [channels.mail]
            kind = "mail"
            to = "Jana <jana@example.org>"

            [channels.feed]
            kind = "feed"
            "#
        )
    }

    /// What channels need and watches do not say.
    #[must_use]
    pub fn secrets(&self) -> String {
        let mail = format!("smtp://127.0.0.1:{}?from=cenovka@example.org", self.mail_port);
        serde_json::json!({ "webhook": "hunter2", "ntfy": TOKEN_OF_NTFY, "telegram": TOKEN_OF_BOT, "mail": mail })
            .to_string()
    }

    /// Fetches the feed of a watch again and again, and takes each new entry for an arrival.
    pub fn read_feed(&self, s3: S3Client, bucket: &'static str, watch: &str) {
        let (key, arrivals) = (format!("feeds/{watch}.xml"), Arc::clone(&self.arrivals));
        tokio::spawn(async move {
            let mut known = Vec::new();
            loop {
                sleep(LOOK_EVERY).await;
                let Ok(object) = s3.get_object().bucket(bucket).key(&key).send().await else { continue };
                let (body, at) = (object.body.collect().await.unwrap().to_vec(), Timestamp::now());
                let feed = String::from_utf8(body).unwrap();
                for entry in feed.lines().filter(|line| line.starts_with("<entry>")) {
                    if !known.iter().any(|earlier| earlier == entry) {
                        known.push(entry.to_owned());
                        let arrival = Arrival { at, text: entry.to_owned() };
                        arrivals.lock().unwrap().entry("feed").or_default().push(arrival);
                    }
                }
            }
        });
    }

    /// What has come through a channel, in the order in which it came.
    #[must_use]
    pub fn arrivals(&self, channel: &str) -> Vec<Arrival> {
        if channel == "mail" {
            return mails(self.mails.path());
        }
        self.arrivals.lock().unwrap().get(channel).cloned().unwrap_or_default()
    }
}

/// Which channel sent this, if it is what its server takes.
fn taken_by(uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Option<&'static str> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let body: Value = serde_json::from_slice(body).ok()?;
    match uri.path() {
        "/hook" => {
            let signed = header("x-cenovka-signature").is_some_and(|signature| signature.starts_with("v1="));
            (signed && header("idempotency-key") == body["key"].as_str()).then_some("webhook")
        }
        "/" => {
            let allowed = header("authorization") == Some(&format!("Bearer {TOKEN_OF_NTFY}"));
            (allowed && body["topic"] == "topic").then_some("ntfy")
        }
        path => {
            let of_bot = path == format!("/bot{TOKEN_OF_BOT}/sendMessage");
            (of_bot && body["chat_id"] == -100_123).then_some("telegram")
        }
    }
}

/// Starts aiosmtpd, which puts each mail into a file of its own.
async fn mail_server(mails: &Path) -> (Child, u16) {
    let python = mail_server::python().expect("there is no aiosmtpd: .ci/run says how it is installed");
    let port = StdTcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("127.0.0.1:{port}");
    let mut server = Command::new(python)
        .args(["-m", "aiosmtpd", "--nosetuid", "--listen", &address, "--class", "aiosmtpd.handlers.Mailbox"])
        .arg(mails.join("box"))
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    while TcpStream::connect(&address).await.is_err() {
        assert!(server.try_wait().unwrap().is_none(), "aiosmtpd ended; it says why above");
        sleep(LOOK_EVERY).await;
    }
    (server, port)
}

fn mails(folder: &Path) -> Vec<Arrival> {
    let Ok(files) = fs::read_dir(folder.join("box/new")) else { return Vec::new() };
    let mail = |file: fs::DirEntry| {
        let at = Timestamp::try_from(file.metadata().unwrap().modified().unwrap()).unwrap();
        // Quoted-printable: a line that is too long goes on in the next one.
        let text = fs::read_to_string(file.path()).unwrap().replace("=\r\n", "").replace("=\n", "");
        Arrival { at, text }
    };
    let mut mails: Vec<Arrival> = files.map(|file| mail(file.unwrap())).collect();
    mails.sort_by_key(|mail| mail.at);
    mails
}
