//! How a watch reaches people and machines.

mod error;
#[cfg(test)]
pub(crate) mod example;
pub mod feed;
mod mail;
mod ntfy;
mod telegram;
mod text;
mod webhook;

use std::fmt;
use std::str::FromStr;

use lettre::message::Mailbox;
use reqwest::Url;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use serde::{Deserialize, Deserializer, Serialize, de};
use sha2::{Digest, Sha256};

pub use error::SendError;

use crate::message::{Message, hex};
use crate::outbound::{AddressRules, Answer, Outbound};

/// Where messages go. What it needs beyond that stands in its [`Secret`], never beside the watches.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Channel {
    /// JSON to a URL of one's own. With a secret it is signed.
    Webhook { url: Address },
    /// A topic of ntfy. The secret is an access token, for topics that need one.
    Ntfy { url: Address },
    /// A chat, told by a bot. The secret is the bot's token.
    Telegram {
        chat: Chat,
        /// A server of one's own in place of Telegram's.
        api: Option<Address>,
    },
    /// The secret is the URL of the mail server: see [`mail`].
    Mail { to: Recipient },
    /// A file that readers of feeds fetch: [`feed`] makes it, and nothing is sent. Braces, or serde would let it have
    /// any members.
    Feed {},
}

impl Channel {
    /// As it is written in watches.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Webhook { .. } => "webhook",
            Self::Ntfy { .. } => "ntfy",
            Self::Telegram { .. } => "telegram",
            Self::Mail { .. } => "mail",
            Self::Feed {} => "feed",
        }
    }

    /// Whether the channel of this name has all that it needs, as far as that shows before anything is sent.
    ///
    /// # Errors
    /// If its address is wrong or not allowed, or its secret is missing or of a wrong form.
    pub fn check(&self, name: &str, secret: Option<&Secret>, rules: AddressRules) -> Result<(), SendError> {
        let allowed =
            |url: &Address| rules.check(&url.0).map_err(|refusal| SendError::no_answer(name, refusal));
        match self {
            Self::Webhook { url } => allowed(url),
            Self::Ntfy { url } => allowed(url).and(ntfy::check(name, url, secret)),
            Self::Telegram { api, .. } => {
                api.as_ref().map_or(Ok(()), allowed)?;
                telegram::check(name, api.as_ref(), secret)
            }
            Self::Mail { .. } => mail::check(name, secret),
            Self::Feed {} => Ok(()),
        }
    }

    /// Sends a message once, through the channel of this name.
    ///
    /// # Errors
    /// If the channel did not take it. The error's class says whether to try again.
    pub async fn send(
        &self,
        name: &str,
        secret: Option<&Secret>,
        message: &Message,
        outbound: &Outbound,
    ) -> Result<(), SendError> {
        match self {
            Self::Webhook { url } => webhook::send(name, url, secret, message, outbound).await,
            Self::Ntfy { url } => ntfy::send(name, url, secret, message, outbound).await,
            Self::Telegram { chat, api } => {
                telegram::send(name, api.as_ref(), chat, secret, message, outbound).await
            }
            Self::Mail { to } => mail::send(name, to, secret, message, outbound.timeouts().mail).await,
            Self::Feed {} => Err(SendError::Feed { channel: name.to_owned() }),
        }
    }
}

impl fmt::Debug for Channel {
    /// Addresses lead to people, and a topic of ntfy is as good as a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Channel({})", self.kind())
    }
}

/// What a channel needs and nobody may read: never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Secret {
    /// A line break at the end is not part of it.
    fn from(secret: &str) -> Self {
        Self(secret.trim().to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

/// A URL that messages go to.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(Url);

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url: Url = text.parse().map_err(|_| "it is no URL")?;
        if url.host_str().is_none_or(str::is_empty) {
            return Err("the URL has no host");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err("the URL holds a user or a password, and secrets do not belong here");
        }
        Ok(Self(url))
    }
}

/// Where mail goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Recipient(Mailbox);

impl FromStr for Recipient {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self).map_err(|_| "it is no mail address")
    }
}

/// A chat of Telegram.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "a chat is a number, or the @name of a public channel")]
pub enum Chat {
    Number(i64),
    Name(String),
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl<'de> Deserialize<'de> for Recipient {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// Posts JSON; what was answered counts whatever it is.
async fn post_json(
    channel: &str,
    url: &Url,
    mut headers: HeaderMap,
    body: Vec<u8>,
    outbound: &Outbound,
) -> Result<Answer, SendError> {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let answer = outbound.post(url, headers, body).await;
    answer.map_err(|refusal| SendError::no_answer(channel, refusal))
}

/// Only 2xx says that a message was taken.
fn accepted(channel: &str, answer: &Answer) -> Result<(), SendError> {
    let Answer { status, retry_after, .. } = *answer;
    if (200..300).contains(&status) {
        return Ok(());
    }
    Err(SendError::Status { channel: channel.to_owned(), status, retry_after })
}

fn json(channel: &str, value: &impl Serialize) -> Result<Vec<u8>, SendError> {
    serde_json::to_vec(value).map_err(|_| unsendable(channel, "it cannot be written as JSON"))
}

/// What the same key always gives, in letters that every protocol takes.
fn digest_of_key(message: &Message) -> String {
    let mut digest = hex(&Sha256::digest(&message.key));
    digest.truncate(32);
    digest
}

fn wrong_secret(channel: &str, reason: &'static str) -> SendError {
    SendError::WrongSecret { channel: channel.to_owned(), reason }
}

fn unsendable(channel: &str, reason: &'static str) -> SendError {
    SendError::Unsendable { channel: channel.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel(toml: &str) -> Channel {
        toml::from_str(toml).unwrap()
    }

    fn refusal(toml: &str) -> String {
        toml::from_str::<Channel>(toml).unwrap_err().message().to_owned()
    }

    #[test]
    fn each_kind_is_read() {
        for (kind, parameters) in [
            ("webhook", r#"url = "https://hook.example/in?x=1""#),
            ("ntfy", r#"url = "https://ntfy.sh/topic""#),
            ("telegram", "chat = -100123"),
            ("telegram", r#"chat = "@cenovka""#),
            ("mail", r#"to = "Jana <jana@example.com>""#),
            ("feed", ""),
        ] {
            assert_eq!(channel(&format!("kind = \"{kind}\"\n{parameters}")).kind(), kind);
        }
    }

    #[test]
    fn what_a_channel_does_not_know_is_refused_and_above_all_a_secret() {
        for (toml, expected) in [
            ("kind = \"ntfy\"\nurl = \"https://ntfy.sh/t\"\ntoken = \"tk_1\"", "unknown field `token`"),
            ("kind = \"feed\"\ntoken = \"tk_1\"", "unknown field `token`"),
            ("kind = \"pigeon\"", "unknown variant `pigeon`"),
            ("kind = \"webhook\"", "missing field `url`"),
            (
                "kind = \"webhook\"\nurl = \"https://me:hunter2@hook.example/\"",
                "the URL holds a user or a password",
            ),
            ("kind = \"webhook\"\nurl = \"hook.example\"", "it is no URL"),
            ("kind = \"webhook\"\nurl = \"mailto:jana@example.com\"", "the URL has no host"),
            ("kind = \"mail\"\nto = \"jana\"", "it is no mail address"),
            ("kind = \"telegram\"\nchat = true", "a chat is a number, or the @name of a public channel"),
        ] {
            let message = refusal(toml);
            assert!(message.starts_with(expected), "{message}");
            assert!(
                !["tk_1", "hunter2", "jana", "example"].iter().any(|word| message.contains(word)),
                "{message}"
            );
        }
    }

    #[test]
    fn debug_shows_neither_addresses_nor_secrets() {
        let mail = channel("kind = \"mail\"\nto = \"jana@example.com\"");
        assert_eq!(format!("{mail:?}"), "Channel(mail)");
        let ntfy = channel("kind = \"ntfy\"\nurl = \"https://ntfy.sh/topic\"");
        assert_eq!(format!("{ntfy:?}"), "Channel(ntfy)");
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret(…)");
    }

    #[test]
    fn a_channel_without_its_secret_or_with_a_wrong_one_is_told_by_name() {
        let telegram = channel("kind = \"telegram\"\nchat = 1");
        let mail = channel("kind = \"mail\"\nto = \"jana@example.com\"");
        let ntfy = channel("kind = \"ntfy\"\nurl = \"https://ntfy.sh/topic\"");
        let whole = channel("kind = \"ntfy\"\nurl = \"https://ntfy.sh/\"");
        for (channel, secret, expected) in [
            (
                &telegram,
                None,
                "the secret of channel jana is wrong: it is missing, and has to be the bot's token",
            ),
            (&telegram, Some("hunter2"), "the secret of channel jana is wrong: it is no token of a bot"),
            (
                &telegram,
                Some("1:a/../hunter2"),
                "the secret of channel jana is wrong: it is no token of a bot",
            ),
            (
                &mail,
                None,
                "the secret of channel jana is wrong: it is missing, and has to be the URL of a mail server",
            ),
            (&mail, Some("hunter2"), "the secret of channel jana is wrong: it is no URL"),
            (&ntfy, Some("hunter2\n2"), "the secret of channel jana is wrong: it is no access token"),
            (&whole, None, "the address of channel jana is wrong: it does not end with a topic"),
        ] {
            let secret = secret.map(Secret::from);
            let error = channel.check("jana", secret.as_ref(), AddressRules::default()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_channel_with_what_it_needs_is_fine() {
        for (toml, secret) in [
            ("kind = \"webhook\"\nurl = \"https://hook.example/\"", None),
            ("kind = \"webhook\"\nurl = \"https://hook.example/\"", Some("key")),
            ("kind = \"ntfy\"\nurl = \"https://ntfy.sh/topic\"", None),
            ("kind = \"ntfy\"\nurl = \"https://ntfy.sh/topic\"", Some("tk_1")),
            ("kind = \"telegram\"\nchat = 1", Some("123:AAF-x_y\n")),
            ("kind = \"mail\"\nto = \"a@b.cz\"", Some("smtps://u:p@smtp.b.cz?from=a@b.cz")),
            ("kind = \"feed\"", None),
        ] {
            let secret = secret.map(Secret::from);
            channel(toml).check("x", secret.as_ref(), AddressRules::default()).unwrap();
        }
    }

    #[test]
    fn an_address_that_would_be_refused_is_refused_at_the_check() {
        for (url, expected) in [
            ("http://hook.example/", "channel x is not https"),
            ("ftp://hook.example/", "channel x is not https"),
            ("https://10.0.0.1/", "channel x leads to an address that is not public"),
            ("https://2130706433/", "channel x leads to an address that is not public"),
            ("https://[::ffff:127.0.0.1]/", "channel x leads to an address that is not public"),
        ] {
            let channel = channel(&format!("kind = \"webhook\"\nurl = \"{url}\""));
            let error = channel.check("x", None, AddressRules::default()).unwrap_err();
            assert_eq!(error.to_string(), expected, "{url}");
            let refused = channel.check("x", None, AddressRules { allow_private: true }).is_err();
            assert_eq!(refused, url.starts_with("ftp"), "{url}");
        }
    }
}
