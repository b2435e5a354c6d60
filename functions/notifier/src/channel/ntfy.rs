//! A notification through ntfy: <https://docs.ntfy.sh/publish/#publish-as-json>.

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use serde::Serialize;
use warehouse::EventKind;

use crate::channel::{
    Address, Secret, SendError, accepted, digest_of_key, json, post_json, text, wrong_secret,
};
use crate::message::Message;
use crate::outbound::Outbound;

/// In bytes; a longer text would come as an attached file.
const LONGEST_TEXT: usize = 4096;

#[derive(Serialize)]
struct Notification<'a> {
    topic: &'a str,
    sequence_id: String,
    title: String,
    message: String,
    tags: Vec<&'static str>,
    /// What a tap opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    click: Option<&'a str>,
}

pub(super) fn check(channel: &str, url: &Address, secret: Option<&Secret>) -> Result<(), SendError> {
    server_and_topic(channel, url)?;
    authorization(channel, secret).map(|_| ())
}

/// As JSON, because the headers of the plain form take no Czech letters.
///
/// From version 2.16 on, ntfy replaces a notification by one with the same `sequence_id`, so what is sent twice is shown
/// once. Older servers show both.
pub(super) async fn send(
    channel: &str,
    url: &Address,
    secret: Option<&Secret>,
    message: &Message,
    outbound: &Outbound,
) -> Result<(), SendError> {
    let (server, topic) = server_and_topic(channel, url)?;
    let only = match (message.items.as_slice(), message.more) {
        ([item], 0) => Some(item),
        _ => None,
    };
    let notification = Notification {
        topic: &topic,
        sequence_id: digest_of_key(message),
        title: text::subject(message),
        message: text::below_subject_within(message, LONGEST_TEXT, char::len_utf8),
        tags: only.map(|item| tag(item.kind)).into_iter().collect(),
        click: only.and_then(|item| item.url.as_deref()),
    };
    let mut headers = HeaderMap::new();
    if let Some(authorization) = authorization(channel, secret)? {
        headers.insert(AUTHORIZATION, authorization);
    }
    let body = json(channel, &notification)?;
    accepted(channel, &post_json(channel, &server, headers, body, outbound).await?)
}

/// JSON goes to the server's root and names the topic inside.
fn server_and_topic(channel: &str, url: &Address) -> Result<(Url, String), SendError> {
    let wrong =
        || SendError::WrongAddress { channel: channel.to_owned(), reason: "it does not end with a topic" };
    let mut server = url.0.clone();
    let topic = server.path_segments().and_then(|mut segments| segments.next_back()).unwrap_or_default();
    let of_topic = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if topic.is_empty() || !topic.chars().all(of_topic) {
        return Err(wrong());
    }
    let topic = topic.to_owned();
    server.path_segments_mut().map_err(|()| wrong())?.pop().push("");
    Ok((server, topic))
}

fn authorization(channel: &str, secret: Option<&Secret>) -> Result<Option<HeaderValue>, SendError> {
    let Some(secret) = secret else { return Ok(None) };
    let token = Some(secret.reveal()).filter(|token| token.bytes().all(|letter| letter.is_ascii_graphic()));
    let header = token.and_then(|token| HeaderValue::try_from(format!("Bearer {token}")).ok());
    header.map(Some).ok_or_else(|| wrong_secret(channel, "it is no access token"))
}

/// ntfy shows tags of these names as emoji.
fn tag(kind: EventKind) -> &'static str {
    match kind {
        EventKind::New => "new",
        EventKind::Relisted => "recycle",
        EventKind::Back => "leftwards_arrow_with_hook",
        EventKind::Cheaper => "chart_with_downwards_trend",
        EventKind::Dearer => "chart_with_upwards_trend",
        EventKind::Gone => "wave",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_is_the_last_part_of_the_url() {
        for (url, server, topic) in [
            ("https://ntfy.sh/topic", "https://ntfy.sh/", "topic"),
            ("https://my.example:8443/push/my_Topic-1", "https://my.example:8443/push/", "my_Topic-1"),
        ] {
            let (found, of) = server_and_topic("x", &url.parse().unwrap()).unwrap();
            assert_eq!((found.as_str(), of.as_str()), (server, topic));
        }
        for url in
            ["https://ntfy.sh", "https://ntfy.sh/topic/", "https://ntfy.sh/a%20b", "https://ntfy.sh/a,b"]
        {
            assert!(server_and_topic("x", &url.parse().unwrap()).is_err(), "{url}");
        }
    }
}
