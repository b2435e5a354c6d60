//! Why a message was not sent.

use std::time::Duration;

use runtime::failure::{Class, Classed};

use crate::outbound::NoAnswer;

/// Why a message was not sent. It names the channel, and neither its address nor its secret. So the errors below it,
/// which name both, are put into words instead of being kept as causes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    #[error("channel {channel} did not answer: {reason}")]
    NotAnswered { channel: String, reason: String },
    #[error("channel {channel} answered {status}")]
    Status { channel: String, status: u16, retry_after: Option<Duration> },
    #[error("channel {channel} leads to an address that is not public")]
    NotPublic { channel: String },
    #[error("channel {channel} is not https")]
    NotHttps { channel: String },
    #[error("the address of channel {channel} is wrong: {reason}")]
    WrongAddress { channel: String, reason: &'static str },
    #[error("the secret of channel {channel} is wrong: {reason}")]
    WrongSecret { channel: String, reason: &'static str },
    #[error("channel {channel} cannot carry the message: {reason}")]
    Unsendable { channel: String, reason: &'static str },
    /// A code of SMTP.
    #[error("the mail server of channel {channel} answered {code}")]
    MailRefused { channel: String, code: u16 },
    #[error("the mail server of channel {channel} cannot be used: {reason}")]
    MailServer { channel: String, reason: String },
    #[error("channel {channel} is a feed, which is written and not sent")]
    Feed { channel: String },
}

impl SendError {
    pub(crate) fn no_answer(channel: &str, why: NoAnswer) -> Self {
        let channel = channel.to_owned();
        match why {
            NoAnswer::NotHttps => Self::NotHttps { channel },
            NoAnswer::NotPublic => Self::NotPublic { channel },
            NoAnswer::Because(reason) => Self::NotAnswered { channel, reason },
        }
    }

    /// For how long the channel wants to be left alone, if it says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl Classed for SendError {
    fn class(&self) -> Class {
        match self {
            Self::NotAnswered { .. } => Class::Retry,
            Self::Status { status, .. } => class_of_status(*status),
            Self::MailRefused { code, .. } => class_of_smtp(*code),
            Self::Unsendable { .. } => Class::Reject,
            Self::NotPublic { .. }
            | Self::NotHttps { .. }
            | Self::WrongAddress { .. }
            | Self::WrongSecret { .. }
            | Self::MailServer { .. }
            | Self::Feed { .. } => Class::Stop,
        }
    }
}

fn class_of_status(status: u16) -> Class {
    match status {
        408 | 425 | 429 | 500..=599 => Class::Retry,
        // The channel has moved, wants another secret, or is no more: it would say so to every message.
        300..=399 | 401..=405 | 407 | 410 => Class::Stop,
        _ => Class::Reject,
    }
}

fn class_of_smtp(code: u16) -> Class {
    match code {
        // The login: RFC 4954.
        530 | 534 | 535 | 538 => Class::Stop,
        500..=599 => Class::Reject,
        _ => Class::Retry,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_what_stays_is_not() {
        for (class, statuses) in [
            (Class::Retry, &[408, 425, 429, 500, 502, 503, 504, 599][..]),
            (Class::Stop, &[301, 302, 307, 401, 403, 404, 410]),
            (Class::Reject, &[400, 409, 413, 415, 422]),
        ] {
            for status in statuses {
                assert_eq!(class_of_status(*status), class, "{status}");
            }
        }
        for (class, codes) in [
            (Class::Retry, &[421, 450, 451, 452][..]),
            (Class::Stop, &[530, 535]),
            (Class::Reject, &[550, 552, 554]),
        ] {
            for code in codes {
                assert_eq!(class_of_smtp(*code), class, "{code}");
            }
        }
    }
}
