//! A message by a bot of Telegram: <https://core.telegram.org/bots/api#sendmessage>.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::HeaderMap;
use serde::Deserialize;
use serde_json::json;

use crate::channel::{Address, Chat, Secret, SendError, accepted, json, post_json, text, wrong_secret};
use crate::message::Message;
use crate::outbound::Outbound;

/// In UTF-16 code units, as Telegram counts them.
const LONGEST_TEXT: usize = 4096;

/// Where bots are told what to do, unless there is a server of one's own.
const API: &str = "https://api.telegram.org";

pub(super) fn check(channel: &str, api: Option<&Address>, secret: Option<&Secret>) -> Result<(), SendError> {
    method(channel, api, secret).map(|_| ())
}

/// As plain text: what a listing says may hold any signs of a markup. Telegram knows no keys of messages, so what is
/// sent twice is shown twice.
pub(super) async fn send(
    channel: &str,
    api: Option<&Address>,
    chat: &Chat,
    secret: Option<&Secret>,
    message: &Message,
    outbound: &Outbound,
) -> Result<(), SendError> {
    let url = method(channel, api, secret)?;
    let body = json!({
        "chat_id": chat,
        "text": text::whole_within(message, LONGEST_TEXT, char::len_utf16),
        "link_preview_options": { "is_disabled": true },
    });
    let answer = post_json(channel, &url, HeaderMap::new(), json(channel, &body)?, outbound).await?;
    match accepted(channel, &answer) {
        // When to come back stands in the body.
        Err(SendError::Status { channel, status: 429, retry_after }) => {
            let retry_after = retry_after_of(&answer.beginning().await).or(retry_after);
            Err(SendError::Status { channel, status: 429, retry_after })
        }
        told => told,
    }
}

/// The URL has the token in it: it must never be printed.
fn method(channel: &str, api: Option<&Address>, secret: Option<&Secret>) -> Result<Url, SendError> {
    let secret =
        secret.ok_or_else(|| wrong_secret(channel, "it is missing, and has to be the bot's token"))?.reveal();
    let of_key = |letter: u8| letter.is_ascii_alphanumeric() || matches!(letter, b'-' | b'_');
    let is_token = secret.split_once(':').is_some_and(|(bot, key)| {
        bot.bytes().all(|letter| letter.is_ascii_digit()) && key.bytes().all(of_key) && !key.is_empty()
    });
    if !is_token {
        return Err(wrong_secret(channel, "it is no token of a bot"));
    }
    let base = api.map_or(API, |Address(url)| url.as_str().trim_end_matches('/'));
    format!("{base}/bot{secret}/sendMessage").parse().map_err(|_| SendError::WrongAddress {
        channel: channel.to_owned(),
        reason: "it is no address of a bot API",
    })
}

fn retry_after_of(body: &[u8]) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Refusal {
        parameters: Parameters,
    }
    #[derive(Deserialize)]
    struct Parameters {
        retry_after: u64,
    }
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    Some(Duration::from_secs(refusal.parameters.retry_after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_stands_below_the_bot() {
        let token = Secret::from("123:AAF-x_y");
        for (base, expected) in [
            ("https://api.telegram.org/", "https://api.telegram.org/bot123:AAF-x_y/sendMessage"),
            ("https://my.example/tg/", "https://my.example/tg/bot123:AAF-x_y/sendMessage"),
        ] {
            let url = method("x", Some(&base.parse().unwrap()), Some(&token)).unwrap();
            assert_eq!(url.as_str(), expected);
        }
        let url = method("x", None, Some(&token)).unwrap();
        assert_eq!(url.as_str(), "https://api.telegram.org/bot123:AAF-x_y/sendMessage");
    }

    #[test]
    fn retry_after_is_read_from_the_body() {
        let body =
            br#"{"ok":false,"error_code":429,"description":"Too Many","parameters":{"retry_after":31}}"#;
        assert_eq!(retry_after_of(body), Some(Duration::from_secs(31)));
        assert_eq!(retry_after_of(b"<html>"), None);
    }
}
