//! What a secret holds: a URL, or its parts as JSON.
//!
//! Source of the names: AWS Secrets Manager user guide, "JSON structure of AWS Secrets Manager secrets".

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use warehouse::DatabaseUrl;

/// The members that a URL cannot do without.
const REQUIRED: [&str; 4] = ["username", "password", "host", "dbname"];

/// The URL that a secret's text is, or whose parts it has. What is wrong otherwise, without a word of the secret.
pub(crate) fn url(text: &str) -> Result<DatabaseUrl, String> {
    let text = text.trim();
    if !text.starts_with('{') {
        return Ok(text.to_owned().into());
    }
    let members: Map<String, Value> =
        serde_json::from_str(text).map_err(|_| "it begins like a JSON object and is none".to_owned())?;
    let part = |name: &str| match members.get(name)? {
        Value::String(text) if !text.is_empty() => {
            Some(utf8_percent_encode(text, NON_ALPHANUMERIC).to_string())
        }
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let [Some(username), Some(password), Some(host), Some(dbname)] = REQUIRED.map(part) else {
        let missing: Vec<_> = REQUIRED.into_iter().filter(|name| part(name).is_none()).collect();
        return Err(format!(
            "it lacks {}: a secret that RDS manages has no more than username and password, so make one with the \
             whole URL as its text, or with username, password, host, port and dbname",
            missing.join(", ")
        ));
    };
    let port = part("port").unwrap_or_else(|| "5432".to_owned());
    Ok(format!("postgres://{username}:{password}@{host}:{port}/{dbname}").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_the_url_and_an_object_has_its_parts() {
        for (text, expected) in [
            ("postgres://u:p@h/d\n", "postgres://u:p@h/d"),
            ("host=h password=p", "host=h password=p"),
            (
                r#"{"engine":"postgres","username":"u","password":"p@:/%č","host":"h.rds","port":5433,"dbname":"d"}"#,
                "postgres://u:p%40%3A%2F%25%C4%8D@h%2Erds:5433/d",
            ),
            (
                r#" {"username":"u","password":"p","host":"h","port":"5434","dbname":"d"}"#,
                "postgres://u:p@h:5434/d",
            ),
            (r#"{"username":"u","password":"p","host":"h","dbname":"d"}"#, "postgres://u:p@h:5432/d"),
        ] {
            assert_eq!(url(text).unwrap().reveal(), expected);
        }
    }

    #[test]
    fn what_an_object_lacks_is_named_and_nothing_else_of_it() {
        for (text, expected) in [
            (r#"{"username":"u","password":"hunter2"}"#, "it lacks host, dbname: "),
            (
                r#"{"username":"","password":["hunter2"],"host":"h","dbname":"d"}"#,
                "it lacks username, password: ",
            ),
            (r#"{"password":"hunter2""#, "it begins like a JSON object and is none"),
        ] {
            let reason = url(text).unwrap_err();
            assert!(reason.starts_with(expected) && !reason.contains("hunter2"), "{reason}");
        }
    }
}
