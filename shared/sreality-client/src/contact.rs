//! Who asks: what the portal is told of the software and of its operator.

use std::fmt;
use std::str::FromStr;

use reqwest::Url;

/// The software's name, as robots.txt calls it (RFC 9309's product token) and the User-Agent begins.
pub const PRODUCT: &str = "Cenovka";

/// Longest contact, in characters.
const LONGEST: usize = 200;

/// E-mail address or web page of the operator: whoever runs the portal can complain there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact(String);

/// A text that is no contact.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no contact: give an e-mail address, or the address of a web page with http:// or https://, in at most \
     {LONGEST} ASCII characters without spaces and parentheses"
)]
pub struct ContactError(String);

impl FromStr for Contact {
    type Err = ContactError;

    fn from_str(text: &str) -> Result<Self, ContactError> {
        // It stands in a comment of the User-Agent, which parentheses and backslashes would end or change.
        let fits = |letter: char| letter.is_ascii_graphic() && !matches!(letter, '(' | ')' | '\\');
        let sendable = text.len() <= LONGEST && text.chars().all(fits);
        if sendable && (is_mail_address(text) || is_web_page(text)) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ContactError(text.chars().take(60).flat_map(char::escape_debug).collect()))
        }
    }
}

impl fmt::Display for Contact {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_mail_address(text: &str) -> bool {
    let Some((user, domain)) = text.split_once('@') else { return false };
    let label = |label: &str| {
        !label.is_empty() && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
    };
    !user.is_empty() && domain.contains('.') && domain.split('.').all(label)
}

fn is_web_page(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https") && url.host_str().is_some_and(|host| host.contains('.'))
    })
}

/// `Cenovka/<version> (+<contact>)`.
pub(crate) fn user_agent(contact: Option<&Contact>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    match contact {
        Some(contact) => format!("{PRODUCT}/{version} (+{contact})"),
        None => format!("{PRODUCT}/{version}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_a_mail_address_or_a_web_page() {
        for text in
            ["data@example.org", "a.b+c@mail.example.cz", "https://example.org/bot?x=1", "http://example.org"]
        {
            assert_eq!(text.parse::<Contact>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_cannot_be_sent_or_answered_is_no_contact() {
        let long = format!("{}@example.org", "x".repeat(200));
        for text in [
            "",
            "me",
            "a@b",
            "@example.org",
            "a@example..org",
            "a b@example.org",
            "a@example.org)",
            "a(b)@example.org",
            "žofie@example.org",
            "a@example.org\r\nX: y",
            "ftp://example.org",
            "https://",
            "http://host",
            &long,
        ] {
            assert!(text.parse::<Contact>().is_err(), "{text}");
        }
        let message = "a\nb".parse::<Contact>().unwrap_err().to_string();
        assert!(message.contains(r"`a\nb` is no contact"), "{message}");
    }

    #[test]
    fn the_user_agent_names_the_software_and_its_operator() {
        let contact = "data@example.org".parse().unwrap();
        let version = env!("CARGO_PKG_VERSION");
        assert_eq!(user_agent(Some(&contact)), format!("Cenovka/{version} (+data@example.org)"));
        assert_eq!(user_agent(None), format!("Cenovka/{version}"));
    }
}
