//! What the notifier reads from its environment.

use std::collections::HashMap;

use runtime::{DatabaseSettings, SettingsError, SettingsReader};

use crate::channel::Secret;
use crate::outbound::AddressRules;

/// What the notifier needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `CENOVKA_RAW_BUCKET`.
    pub(crate) raw_bucket: String,
    pub(crate) database: DatabaseSettings,
    /// `CENOVKA_CHANNEL_SECRETS`.
    pub(crate) secrets: SecretsSetting,
    /// `CENOVKA_CHANNELS_PRIVATE`.
    pub(crate) rules: AddressRules,
}

/// Where the secrets of channels are.
#[derive(Clone, Debug)]
pub(crate) enum SecretsSetting {
    Here(ChannelSecrets),
    /// In the secret of this ARN.
    Secret(String),
}

/// The secrets of channels, by the channels' names.
pub type ChannelSecrets = HashMap<String, Secret>;

impl Settings {
    /// Reads them from the environment.
    pub(crate) fn from_env() -> Result<Self, SettingsError> {
        Self::read(SettingsReader::from_env())
    }

    fn read(mut reader: SettingsReader) -> Result<Self, SettingsError> {
        let raw_bucket = reader.raw_bucket();
        let database = reader.database();
        let secrets = reader.optional("CENOVKA_CHANNEL_SECRETS", secrets_setting);
        let private = reader.optional("CENOVKA_CHANNELS_PRIVATE", |text| match text {
            "allow" => Ok(true),
            "refuse" => Ok(false),
            _ => Err("it is `allow` or `refuse`".to_owned()),
        });
        let settings = raw_bucket.zip(database);
        reader.finish(settings.map(|(raw_bucket, database)| Self {
            raw_bucket,
            database,
            secrets: secrets.unwrap_or_else(|| SecretsSetting::Here(ChannelSecrets::new())),
            rules: AddressRules { allow_private: private.unwrap_or(false) },
        }))
    }
}

/// The value is never repeated.
fn secrets_setting(text: &str) -> Result<SecretsSetting, String> {
    if text.starts_with("arn:") {
        return Ok(SecretsSetting::Secret(text.to_owned()));
    }
    channel_secrets(text).map(SecretsSetting::Here)
}

/// The secrets that a JSON object holds.
pub(crate) fn channel_secrets(text: &str) -> Result<ChannelSecrets, String> {
    let secrets: HashMap<String, String> = serde_json::from_str(text).map_err(|_| {
        r#"it is a JSON object of channels and their secrets, {"phone": "…"}, or the ARN of a secret that holds one"#
            .to_owned()
    })?;
    Ok(secrets.into_iter().map(|(channel, secret)| (channel, Secret::from(secret.as_str()))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEEDED: [(&str, &str); 2] = [("CENOVKA_RAW_BUCKET", "raw"), ("DATABASE_URL", "host=x")];

    #[test]
    fn secrets_of_channels_stand_here_or_in_a_secret_and_are_never_printed() {
        let read = |text| {
            Settings::read(SettingsReader::of(&[&NEEDED[..], &[("CENOVKA_CHANNEL_SECRETS", text)]].concat()))
        };
        let here = read(r#"{"phone": "hunter2"}"#).unwrap();
        assert!(matches!(&here.secrets, SecretsSetting::Here(secrets) if secrets.len() == 1));
        assert!(!format!("{here:?}").contains("hunter2"));
        let arn = read("arn:aws:secretsmanager:eu-central-1:123456789012:secret:channels-AbCdEf").unwrap();
        assert!(matches!(arn.secrets, SecretsSetting::Secret(_)));
        let error = read("hunter2").unwrap_err().to_string();
        assert!(error.contains("it is a JSON object of channels") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn private_addresses_are_refused_unless_they_are_allowed() {
        let allowed = |text| {
            let values = [&NEEDED[..], &[("CENOVKA_CHANNELS_PRIVATE", text)]].concat();
            Settings::read(SettingsReader::of(&values)).map(|settings| settings.rules.allow_private)
        };
        assert!(!allowed("").unwrap() && allowed("allow").unwrap() && !allowed("refuse").unwrap());
        assert!(allowed("yes").unwrap_err().to_string().contains("it is `allow` or `refuse`"));
    }
}
