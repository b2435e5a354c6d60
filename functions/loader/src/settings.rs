//! What the loader reads from its environment.

use runtime::{DatabaseSettings, SettingsError, SettingsReader};

/// What the loader needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `CENOVKA_RAW_BUCKET`.
    pub raw_bucket: String,
    pub database: DatabaseSettings,
}

impl Settings {
    /// Reads them from the environment.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::read(SettingsReader::from_env())
    }

    fn read(mut reader: SettingsReader) -> Result<Self, SettingsError> {
        let raw_bucket = reader.raw_bucket();
        let database = reader.database();
        let settings = raw_bucket.zip(database);
        reader.finish(settings.map(|(raw_bucket, database)| Self { raw_bucket, database }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_named() {
        let error = Settings::read(SettingsReader::of(&[])).unwrap_err().to_string();
        assert!(error.contains("DATABASE_URL is missing") && error.contains("CENOVKA_RAW_BUCKET is missing"));
    }
}
