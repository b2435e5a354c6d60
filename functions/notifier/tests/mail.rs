//! Mail, as the mail server sees it.

use std::time::{Duration, Instant};

use notifier::channel::{Secret, SendError};
use notifier::outbound::{AddressRules, Outbound, Timeouts};
use runtime::failure::{Class, Classed};
use tokio::net::TcpListener;

use crate::channels::{assert_discreet, channel, message, to_private};
use crate::mail_server::{Answers, KIND, MailServer};

async fn send(url: &str, titles: &[&str], outbound: &Outbound) -> Result<(), SendError> {
    let secret = Secret::from(format!("{url}?from=Cenovka%20<cenovka@example.com>").as_str());
    let mail = channel("mail", "to = \"Jana <jana@example.org>\"");
    mail.send("phone", Some(&secret), &message(titles), outbound).await
}

#[tokio::test]
async fn a_mail_has_sender_recipient_subject_and_the_events_as_text() {
    let server = MailServer::answering(KIND).await;
    let url = format!("smtp://127.0.0.1:{}", server.port);
    // A mail server is the operator's own: the rules for channels are not about it.
    send(&url, &["Byt zlevnil"], &Outbound::new(AddressRules::default())).await.unwrap();
    let [mail] = <[_; 1]>::try_from(server.mails()).ok().unwrap();
    assert_eq!(mail.commands, ["MAIL FROM:<cenovka@example.com>", "RCPT TO:<jana@example.org>"]);
    assert_eq!(mail.header("From"), "Cenovka <cenovka@example.com>");
    assert_eq!(mail.header("To"), "Jana <jana@example.org>");
    assert_eq!(mail.header("Subject"), "Byt zlevnil");
    assert_eq!(mail.header("Content-Type"), "text/plain; charset=utf-8");
    let body = mail.text.split_once("\n\n").unwrap().1;
    assert_eq!(mail.header("Content-Transfer-Encoding"), "quoted-printable");
    assert!(body.starts_with("6 490 000 K=C4=8D (d=C5=99=C3=ADve 6 900 000 K=C4=8D)\n"), "{body}");
    assert!(body.contains("https://www.sreality.cz/detail/x/3292504140"), "{body}");
}

#[tokio::test]
async fn a_subject_with_czech_letters_is_encoded() {
    let server = MailServer::answering(KIND).await;
    send(&format!("smtp://localhost:{}", server.port), &["Žižkov"], &to_private()).await.unwrap();
    assert_eq!(server.mails()[0].header("Subject"), "=?utf-8?b?xb1pxb5rb3Y=?=");
}

#[tokio::test]
async fn a_mail_that_is_sent_twice_has_the_same_message_id() {
    let server = MailServer::answering(KIND).await;
    let url = format!("smtp://127.0.0.1:{}", server.port);
    for _ in 0..2 {
        send(&url, &["Byt"], &to_private()).await.unwrap();
    }
    let ids: Vec<_> = server.mails().iter().map(|mail| mail.header("Message-ID").to_owned()).collect();
    assert!(ids.len() == 2 && ids[0] == ids[1] && ids[0].ends_with("@example.com>"), "{ids:?}");
}

#[tokio::test]
async fn a_login_is_used() {
    let server = MailServer::answering(KIND).await;
    send(&format!("smtp://jana:hunter2@127.0.0.1:{}", server.port), &["Byt"], &to_private()).await.unwrap();
    // The base64 of \0jana\0hunter2.
    assert_eq!(server.mails()[0].commands[0], "AUTH PLAIN AGphbmEAaHVudGVyMg==");
}

#[tokio::test]
async fn what_a_mail_server_refuses_is_told_by_its_code_and_without_its_words() {
    for (answers, code, class) in [
        (Answers { recipient: "550 5.1.1 <jana@example.org>: no such user", ..KIND }, 550, Class::Reject),
        (Answers { recipient: "451 4.7.1 <jana@example.org>: come back later", ..KIND }, 451, Class::Retry),
        (Answers { mail: "554 5.7.1 jana@example.org wants no advertisements", ..KIND }, 554, Class::Reject),
        (Answers { login: "535 5.7.8 jana: hunter2 is wrong", ..KIND }, 535, Class::Stop),
    ] {
        let server = MailServer::answering(answers).await;
        let url = format!("smtp://jana:hunter2@127.0.0.1:{}", server.port);
        let error = send(&url, &["Byt"], &to_private()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the mail server of channel phone answered {code}"));
        assert_eq!(error.class(), class, "{code}");
        assert_discreet(&error);
        assert!(server.mails().is_empty());
    }
}

#[tokio::test]
async fn a_mail_server_that_says_nothing_is_left_in_time() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timeouts = Timeouts { mail: Duration::from_millis(300), ..Timeouts::default() };
    let outbound =
        Outbound::from_parts(AddressRules::default(), timeouts, |_| Box::pin(async { Ok(Vec::new()) }));
    let started = Instant::now();
    let url = format!("smtp://127.0.0.1:{}", silent.local_addr().unwrap().port());
    let error = send(&url, &["Byt"], &outbound).await.unwrap_err();
    assert_eq!(error.to_string(), "channel phone did not answer: it took too long");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(error.class(), Class::Retry);
}

#[tokio::test]
async fn a_server_that_should_encrypt_and_does_not_gets_no_mail() {
    let server = MailServer::answering(KIND).await;
    let url = format!("smtps://jana:hunter2@127.0.0.1:{}", server.port);
    let error = send(&url, &["Byt"], &to_private()).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "channel phone did not answer: its certificate or its encryption is not accepted"
    );
    assert_discreet(&error);
    assert!(server.mails().is_empty());
}

#[tokio::test]
async fn nobody_who_takes_mail_is_no_answer() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = send(&format!("smtp://127.0.0.1:{port}"), &["Byt"], &to_private()).await.unwrap_err();
    assert!(error.to_string().starts_with("channel phone did not answer: Connection refused"), "{error}");
    assert_eq!(error.class(), Class::Retry);
}
