//! A mail by SMTP.
//!
//! The secret is the mail server's URL, with the sender: `smtps://user:password@host?from=Cenovka%20<a@example.com>`,
//! encrypted from the start, or `smtp://…`, encrypted by STARTTLS. Only a server on the same machine, or one beside it
//! whose name has no dot, may do without. It is the operator's own server, so it may have any address.

use std::error::Error;
use std::net::IpAddr;
use std::time::Duration;

use lettre::address::Envelope;
use lettre::message::Mailbox;
use lettre::message::header::{ContentType, Header, HeaderName, HeaderValue};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use reqwest::Url;

use crate::channel::{Recipient, Secret, SendError, digest_of_key, text, unsendable, wrong_secret};
use crate::message::Message;
use crate::outbound::why;

pub(super) fn check(channel: &str, secret: Option<&Secret>) -> Result<(), SendError> {
    Server::of(channel, secret).map(|_| ())
}

pub(super) async fn send(
    channel: &str,
    to: &Recipient,
    secret: Option<&Secret>,
    message: &Message,
    limit: Duration,
) -> Result<(), SendError> {
    let server = Server::of(channel, secret)?;
    let (envelope, mail) =
        mail(&server.from, to, message).map_err(|_| unsendable(channel, "no mail can be made of it"))?;
    server.send(channel, &envelope, &mail, limit).await
}

/// Who takes mails.
struct Server {
    host: String,
    port: Option<u16>,
    encryption: Encryption,
    login: Option<Credentials>,
    from: Mailbox,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encryption {
    FromTheStart,
    /// Asked for in the clear. A server that does not offer it gets nothing.
    StartTls,
    None,
}

impl Server {
    fn of(channel: &str, secret: Option<&Secret>) -> Result<Self, SendError> {
        let secret = secret
            .ok_or_else(|| wrong_secret(channel, "it is missing, and has to be the URL of a mail server"))?;
        Self::parse(secret.reveal()).map_err(|reason| wrong_secret(channel, reason))
    }

    fn parse(url: &str) -> Result<Self, &'static str> {
        let url: Url = url.parse().map_err(|_| "it is no URL")?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err("its URL has no host");
        }
        let encryption = match url.scheme() {
            "smtps" => Encryption::FromTheStart,
            "smtp" if is_beside(&host) => Encryption::None,
            "smtp" => Encryption::StartTls,
            _ => return Err("its URL begins neither with smtps:// nor with smtp://"),
        };
        let mut from = None;
        for (name, value) in url.query_pairs() {
            if name != "from" {
                return Err("its URL has a parameter that is not from");
            }
            from = Some(value.parse().map_err(|_| "its from is no mail address")?);
        }
        let decoded = |text: &str| {
            let text = percent_encoding::percent_decode_str(text).decode_utf8();
            text.map(String::from).map_err(|_| "its user or password is not UTF-8")
        };
        let login = match (url.username(), url.password()) {
            ("", None) => None,
            (user, Some(password)) if !user.is_empty() => {
                Some(Credentials::new(decoded(user)?, decoded(password)?))
            }
            _ => return Err("its URL has only one of user and password"),
        };
        let from = from.ok_or("its URL names no sender: ?from=…")?;
        Ok(Self { host, port: url.port(), encryption, login, from })
    }

    async fn send(
        &self,
        channel: &str,
        envelope: &Envelope,
        mail: &[u8],
        limit: Duration,
    ) -> Result<(), SendError> {
        let transport = self.transport(limit).map_err(|error| failure(channel, &error))?;
        match tokio::time::timeout(limit, transport.send_raw(envelope, mail)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(failure(channel, &error)),
            Err(_) => Err(took_too_long(channel)),
        }
    }

    fn transport(&self, limit: Duration) -> Result<AsyncSmtpTransport<Tokio1Executor>, smtp::Error> {
        let host = self.host.as_str();
        let (tls, usual_port) = match self.encryption {
            Encryption::FromTheStart => (Tls::Wrapper(TlsParameters::new(host.to_owned())?), 465),
            Encryption::StartTls => (Tls::Required(TlsParameters::new(host.to_owned())?), 587),
            Encryption::None => (Tls::None, 25),
        };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(self.port.unwrap_or(usual_port))
            .tls(tls)
            .timeout(Some(limit));
        Ok(match self.login.clone() {
            Some(login) => transport.credentials(login),
            None => transport,
        }
        .build())
    }
}

/// Loopback, or a name without a dot, which only a local network knows: a container of compose, say.
fn is_beside(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(address) => address.is_loopback(),
        Err(_) => !host.contains('.'),
    }
}

/// The mail, and from whom to whom. The same message always gives the same Message-ID, which most mail servers and
/// programs take for the same mail.
fn mail(
    from: &Mailbox,
    to: &Recipient,
    message: &Message,
) -> Result<(Envelope, Vec<u8>), lettre::error::Error> {
    let mail = lettre::Message::builder()
        .from(from.clone())
        .to(to.0.clone())
        .subject(text::subject(message))
        .message_id(Some(format!("<{}@{}>", digest_of_key(message), from.email.domain())))
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN)
        .body(message.text())?;
    Ok((mail.envelope().clone(), mail.formatted()))
}

/// Nobody's notice of absence should answer: RFC 3834.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Of what a server says only the code is kept: the rest often repeats the recipient.
fn failure(channel: &str, error: &smtp::Error) -> SendError {
    let channel = channel.to_owned();
    if let Some(code) = error.status() {
        return SendError::MailRefused { channel, code: code.into() };
    }
    if error.is_timeout() {
        return took_too_long(&channel);
    }
    // What lettre itself misses in a server: encryption, a way to log in, letters. It names no address.
    if error.is_client() {
        let reason = error.source().map_or_else(|| "it lacks something".to_owned(), ToString::to_string);
        return SendError::MailServer { channel, reason };
    }
    SendError::NotAnswered { channel, reason: why(error) }
}

fn took_too_long(channel: &str) -> SendError {
    SendError::NotAnswered { channel: channel.to_owned(), reason: "it took too long".to_owned() }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::channel::example::message;

    #[test]
    fn a_url_holds_all_that_a_mail_needs() {
        let server =
            Server::parse("smtps://u%40x:p%3A%C4%8D@smtp.example.com:4650?from=Cenovka%20<c@example.com>")
                .unwrap();
        assert_eq!((server.host.as_str(), server.port), ("smtp.example.com", Some(4650)));
        assert_eq!(server.from.to_string(), "Cenovka <c@example.com>");
        assert!(server.login == Some(Credentials::new("u@x".to_owned(), "p:č".to_owned())));
    }

    #[test]
    fn mail_leaves_the_machine_only_encrypted() {
        for (host, expected) in [
            ("smtps://smtp.example.com", Encryption::FromTheStart),
            ("smtps://localhost", Encryption::FromTheStart),
            ("smtp://smtp.example.com", Encryption::StartTls),
            ("smtp://10.0.0.1", Encryption::StartTls),
            ("smtp://[fd00::1]", Encryption::StartTls),
            ("smtp://127.0.0.1:1025", Encryption::None),
            ("smtp://[::1]:1025", Encryption::None),
            ("smtp://localhost:1025", Encryption::None),
            ("smtp://mailpit:1025", Encryption::None),
        ] {
            let server = Server::parse(&format!("{host}?from=c@example.com")).unwrap();
            assert_eq!(server.encryption, expected, "{host}");
        }
    }

    #[test]
    fn a_wrong_url_is_told_without_its_words() {
        for (url, expected) in [
            ("smtp.example.com", "it is no URL"),
            ("https://hunter2@x.cz?from=a@b.cz", "its URL begins neither with smtps:// nor with smtp://"),
            ("smtps://x.cz", "its URL names no sender: ?from=…"),
            ("smtps://x.cz?from=hunter2", "its from is no mail address"),
            ("smtps://x.cz?from=a@b.cz&tls=none", "its URL has a parameter that is not from"),
            ("smtps://hunter2@x.cz?from=a@b.cz", "its URL has only one of user and password"),
            ("smtps://:hunter2@x.cz?from=a@b.cz", "its URL has only one of user and password"),
            ("smtps:hunter2?from=a@b.cz", "its URL has no host"),
        ] {
            assert_eq!(Server::parse(url).err(), Some(expected), "{url}");
        }
    }

    #[test]
    fn the_same_message_is_the_same_mail_in_plain_text() {
        let from: Mailbox = "Cenovka <c@example.com>".parse().unwrap();
        let to = "jana@example.org".parse().unwrap();
        let text = || String::from_utf8(mail(&from, &to, &message(&[1])).unwrap().1).unwrap();
        let id = |text: &str| {
            text.lines().find(|line| line.starts_with("Message-ID: ")).map(str::to_owned).unwrap()
        };
        assert_eq!(id(&text()), id(&text()));
        assert!(id(&text()).ends_with("@example.com>"));
        for line in ["Auto-Submitted: auto-generated", "Content-Type: text/plain; charset=utf-8"] {
            assert!(text().contains(line), "{}", text());
        }
    }

    #[tokio::test]
    async fn a_server_without_starttls_gets_neither_login_nor_mail() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            connection.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
            let mut line = [0; 1024];
            let length = connection.read(&mut line).await.unwrap();
            connection.write_all(b"250-mail.example\r\n250 AUTH PLAIN\r\n").await.unwrap();
            let mut told = line[..length].to_vec();
            connection.read_to_end(&mut told).await.unwrap();
            String::from_utf8(told).unwrap()
        });
        let url = format!("smtp://u:hunter2@127.0.0.1:{port}?from=c@example.com");
        let server = Server { encryption: Encryption::StartTls, ..Server::parse(&url).unwrap() };
        let (envelope, mail) = mail(&server.from, &"a@b.cz".parse().unwrap(), &message(&[1])).unwrap();
        let error = server.send("jana", &envelope, &mail, Duration::from_secs(5)).await.unwrap_err();
        let expected =
            "the mail server of channel jana cannot be used: STARTTLS is not supported on this server";
        assert_eq!(error.to_string(), expected);
        drop(server);
        let told = told.await.unwrap();
        assert!(told.starts_with("EHLO ") && !told.contains("AUTH") && !told.contains("MAIL"), "{told}");
    }
}
