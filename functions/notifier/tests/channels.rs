//! Webhooks, ntfy and Telegram, as their servers see them.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use notifier::channel::{Channel, Secret, SendError};
use notifier::message::{Item, Language, Message};
use notifier::outbound::{AddressRules, Outbound, Timeouts};
use runtime::failure::{Class, Classed};
use serde_json::json;
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use warehouse::EventKind;

use crate::http_server::HttpServer;

pub(crate) fn channel(kind: &str, parameters: &str) -> Channel {
    toml::from_str(&format!("kind = \"{kind}\"\n{parameters}")).unwrap()
}

pub(crate) fn message(titles: &[&str]) -> Message {
    let item = |title: &&str| Item {
        key: format!("vinohrady/{title}"),
        kind: EventKind::Cheaper,
        hash_id: 3_292_504_140,
        happened_at: "2026-11-23T03:00:00Z".parse().unwrap(),
        title: (*title).to_owned(),
        text: "6 490 000 Kč (dříve 6 900 000 Kč)\nhttps://www.sreality.cz/detail/x/3292504140".to_owned(),
        url: Some("https://www.sreality.cz/detail/x/3292504140".to_owned()),
        price: Some(6_490_000),
        price_before: Some(6_900_000),
        area_m2: Some(62),
        price_per_m2: Some(104_677),
        district_median_per_m2: None,
        days_on_market: Some(12),
        lineage: None,
    };
    Message {
        key: "vinohrady/0f3a".to_owned(),
        watch: "vinohrady".to_owned(),
        language: Language::Cs,
        items: titles.iter().map(item).collect(),
        more: 0,
    }
}

pub(crate) fn to_private() -> Outbound {
    Outbound::new(AddressRules { allow_private: true })
}

/// Neither text nor debug output of an error says where the channel leads or what it needs.
pub(crate) fn assert_discreet(error: &SendError) {
    let told = format!("{error} {error:?}");
    for word in ["127.0.0.1", "localhost", "://", "@", "hunter2", "topic"] {
        assert!(!told.contains(word), "{told}");
    }
    assert!(
        told.starts_with(|letter: char| letter.is_lowercase()) && told.contains("channel phone"),
        "{told}"
    );
    assert!(std::error::Error::source(error).is_none());
}

async fn send_to(url: &str, outbound: &Outbound) -> Result<(), SendError> {
    let webhook = channel("webhook", &format!("url = \"{url}\""));
    webhook.send("phone", Some(&Secret::from("hunter2")), &message(&["Byt zlevnil"]), outbound).await
}

#[tokio::test]
async fn a_webhook_gets_the_message_as_json_with_its_key_and_a_signature_over_time_and_body() {
    let server = HttpServer::answering(204, &[], "").await;
    send_to(&format!("{}/hook?a=1", server.url), &to_private()).await.unwrap();
    let request = server.only_request();
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/hook"));
    assert_eq!(request.json(), serde_json::to_value(message(&["Byt zlevnil"])).unwrap());
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("idempotency-key"), Some("vinohrady/0f3a"));

    let sent_at = request.header("x-cenovka-timestamp").unwrap();
    let age = Timestamp::now().duration_since(Timestamp::from_second(sent_at.parse().unwrap()).unwrap());
    assert!(age < SignedDuration::from_secs(60), "{age}");
    let mut mac = Hmac::<Sha256>::new_from_slice(b"hunter2").unwrap();
    mac.update(&[sent_at.as_bytes(), b".", &request.body].concat());
    let digest: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(request.header("x-cenovka-signature"), Some(format!("v1={digest}").as_str()));
}

#[tokio::test]
async fn a_webhook_without_a_secret_is_not_signed() {
    let server = HttpServer::answering(200, &[], "").await;
    let webhook = channel("webhook", &format!("url = \"{}\"", server.url));
    webhook.send("phone", None, &message(&["Byt"]), &to_private()).await.unwrap();
    assert_eq!(server.only_request().header("x-cenovka-signature"), None);
}

#[tokio::test]
async fn what_a_server_answers_says_whether_and_when_to_try_again() {
    let in_an_hour = Timestamp::now() + SignedDuration::from_hours(1);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&in_an_hour).unwrap();
    for (status, retry_after, class, seconds) in [
        (503, Some("7"), Class::Retry, Some(7..=7)),
        (429, Some(date.as_str()), Class::Retry, Some(3590..=3600)),
        (500, None, Class::Retry, None),
        (401, None, Class::Stop, None),
        (404, Some("soon"), Class::Stop, None),
        (422, None, Class::Reject, None),
    ] {
        let headers: Vec<_> = retry_after.iter().map(|value| ("retry-after", (*value).to_owned())).collect();
        let server = HttpServer::answering(status, &headers, "").await;
        let error = send_to(&server.url, &to_private()).await.unwrap_err();
        assert_eq!((error.to_string(), error.class()), (format!("channel phone answered {status}"), class));
        let told = error.retry_after().map(|wait| wait.as_secs());
        assert_eq!(told.is_some(), seconds.is_some(), "{status}: {told:?}");
        assert!(seconds.is_none_or(|seconds| seconds.contains(&told.unwrap())), "{status}: {told:?}");
        assert_discreet(&error);
        assert_eq!(server.requests().len(), 1, "nothing is sent again behind the caller's back");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    for status in [301, 302, 303, 307, 308] {
        let inside = HttpServer::answering(200, &[], "").await;
        let server =
            HttpServer::answering(status, &[("location", format!("{}/admin", inside.url))], "").await;
        let error = send_to(&server.url, &to_private()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("channel phone answered {status}"));
        assert_eq!(error.class(), Class::Stop);
        assert_eq!((server.requests().len(), inside.requests().len()), (1, 0));
    }
}

/// A server that says this to whoever asks, and nothing more.
async fn silent_after(said: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut connection, _)) = listener.accept().await {
            assert!(connection.read(&mut [0; 4096]).await.unwrap() > 0);
            connection.write_all(said).await.unwrap();
            kept.push(connection);
        }
    });
    url
}

fn impatient() -> Outbound {
    let brief = Duration::from_millis(300);
    let timeouts = Timeouts { connect: brief, request: brief, mail: brief };
    Outbound::from_parts(AddressRules { allow_private: true }, timeouts, |_| {
        Box::pin(async { Ok(Vec::new()) })
    })
}

#[tokio::test]
async fn a_server_that_does_not_answer_is_left_in_time() {
    let error = send_to(&silent_after(b"").await, &impatient()).await.unwrap_err();
    assert_eq!(error.to_string(), "channel phone did not answer: it took too long");
    assert_eq!(error.class(), Class::Retry);
    let url = silent_after(b"").await.replace("http:", "https:");
    let error = send_to(&url, &impatient()).await.unwrap_err();
    assert_eq!(error.to_string(), "channel phone did not answer: it took too long");
}

#[tokio::test]
async fn an_answer_is_its_status_and_its_body_is_not_waited_for() {
    let url = silent_after(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n<html>").await;
    send_to(&url, &impatient()).await.unwrap();
}

#[tokio::test]
async fn why_there_is_no_answer_is_said_without_the_address() {
    let plain = HttpServer::answering(200, &[], "").await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for (url, expected) in [
        (format!("http://{nobody}/topic"), "Connection refused"),
        (plain.url.replace("http:", "https:"), "its certificate or its encryption is not accepted"),
        ("http://hook.example/".to_owned(), "the name has no address"),
    ] {
        let error = send_to(&url, &impatient()).await.unwrap_err();
        let told = error.to_string();
        assert!(told.starts_with(&format!("channel phone did not answer: {expected}")), "{told}");
        assert_eq!(error.class(), Class::Retry);
        assert_discreet(&error);
    }
    assert!(plain.requests().is_empty());
}

#[tokio::test]
async fn ntfy_gets_one_event_as_json_with_czech_letters_and_what_a_tap_opens() {
    let server = HttpServer::answering(200, &[], "{}").await;
    let ntfy = channel("ntfy", &format!("url = \"{}/push/my_topic\"", server.url));
    let token = Secret::from("tk_hunter2");
    for _ in 0..2 {
        ntfy.send("phone", Some(&token), &message(&["Žižkov: byt zlevnil"]), &to_private()).await.unwrap();
    }
    let [first, second] = <[_; 2]>::try_from(server.requests()).ok().unwrap();
    assert_eq!((first.method.as_str(), first.path.as_str()), ("POST", "/push/"));
    assert_eq!(first.header("authorization"), Some("Bearer tk_hunter2"));
    assert_eq!(first.body, second.body, "the same message has the same sequence_id");
    let mut body = first.json();
    let sequence = body.as_object_mut().unwrap().remove("sequence_id").unwrap();
    let sequence = sequence.as_str().unwrap();
    assert!(
        sequence.len() == 32 && sequence.bytes().all(|letter| letter.is_ascii_alphanumeric()),
        "{sequence}"
    );
    let expected = json!({
        "topic": "my_topic",
        "title": "Žižkov: byt zlevnil",
        "message": "6 490 000 Kč (dříve 6 900 000 Kč)\nhttps://www.sreality.cz/detail/x/3292504140",
        "click": "https://www.sreality.cz/detail/x/3292504140",
        "tags": ["chart_with_downwards_trend"],
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn ntfy_gets_several_events_within_its_limit_and_without_a_link() {
    let server = HttpServer::answering(200, &[], "{}").await;
    let ntfy = channel("ntfy", &format!("url = \"{}/topic\"", server.url));
    ntfy.send("phone", None, &message(&["Byt"; 200]), &to_private()).await.unwrap();
    let request = server.only_request();
    assert_eq!(request.header("authorization"), None);
    let body = request.json();
    assert!(body["title"].as_str().unwrap().starts_with("vinohrady: 200"), "{body}");
    assert_eq!(body.get("click"), None);
    let text = body["message"].as_str().unwrap();
    assert!((3900..=4096).contains(&text.len()) && text.ends_with("dalších"), "{} {text}", text.len());
}

fn telegram(server: &HttpServer) -> Channel {
    channel("telegram", &format!("chat = -100123\napi = \"{}\"", server.url))
}

#[tokio::test]
async fn telegram_gets_plain_text_for_the_chat_below_the_bots_token() {
    let server = HttpServer::answering(200, &[], r#"{"ok":true}"#).await;
    let token = Secret::from("123:AAF-hunter2\n");
    telegram(&server)
        .send("phone", Some(&token), &message(&["Byt <b> zlevnil"]), &to_private())
        .await
        .unwrap();
    let request = server.only_request();
    assert_eq!(request.path, "/bot123:AAF-hunter2/sendMessage");
    let expected = json!({
        "chat_id": -100_123,
        "text": "Byt <b> zlevnil\n6 490 000 Kč (dříve 6 900 000 Kč)\nhttps://www.sreality.cz/detail/x/3292504140",
        "link_preview_options": { "is_disabled": true },
    });
    assert_eq!(request.json(), expected);
}

#[tokio::test]
async fn telegram_gets_as_many_events_as_a_message_holds() {
    let server = HttpServer::answering(200, &[], r#"{"ok":true}"#).await;
    let token = Secret::from("123:AAF");
    telegram(&server).send("phone", Some(&token), &message(&["🏠 byt"; 100]), &to_private()).await.unwrap();
    let body = server.only_request().json();
    let text = body["text"].as_str().unwrap();
    let length = text.encode_utf16().count();
    assert!((3900..=4096).contains(&length) && text.ends_with("dalších"), "{length} {text}");
}

#[tokio::test]
async fn telegram_says_in_the_body_when_to_come_back() {
    let body =
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":31}}"#;
    let server = HttpServer::answering(429, &[], body).await;
    let token = Secret::from("123:AAF-hunter2");
    let error = telegram(&server).send("phone", Some(&token), &message(&["Byt"]), &to_private()).await;
    let error = error.unwrap_err();
    assert_eq!((error.class(), error.retry_after()), (Class::Retry, Some(Duration::from_secs(31))));
    assert_discreet(&error);

    let server = HttpServer::answering(401, &[], r#"{"ok":false,"error_code":401}"#).await;
    let error = telegram(&server).send("phone", Some(&token), &message(&["Byt"]), &to_private()).await;
    let error = error.unwrap_err();
    assert_eq!(error.class(), Class::Stop);
    assert_discreet(&error);
}

#[tokio::test]
async fn a_channel_without_its_secret_sends_nothing() {
    let server = HttpServer::answering(200, &[], "").await;
    let error = telegram(&server).send("phone", None, &message(&["Byt"]), &to_private()).await.unwrap_err();
    assert!(matches!(error, SendError::WrongSecret { .. }) && error.class() == Class::Stop, "{error}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_feed_is_not_sent() {
    let error = channel("feed", "").send("phone", None, &message(&["Byt"]), &to_private()).await.unwrap_err();
    assert_eq!(error.to_string(), "channel phone is a feed, which is written and not sent");
}
