//! What the reconciler reads from its environment.

use runtime::{DatabaseSettings, SettingsError, SettingsReader};

/// What the reconciler needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `CENOVKA_RAW_BUCKET`.
    pub(crate) raw_bucket: String,
    pub(crate) database: DatabaseSettings,
    /// `CENOVKA_LOADER_FUNCTION`.
    pub(crate) loader_function: String,
}

impl Settings {
    /// Reads them from the environment.
    pub(crate) fn from_env() -> Result<Self, SettingsError> {
        let mut reader = SettingsReader::from_env();
        let raw_bucket = reader.raw_bucket();
        let database = reader.database();
        let what = "name or ARN of the loader function";
        let loader_function = reader.required("CENOVKA_LOADER_FUNCTION", what, |text| Ok(text.to_owned()));
        let settings = raw_bucket.zip(database).zip(loader_function);
        reader.finish(settings.map(|((raw_bucket, database), loader_function)| Self {
            raw_bucket,
            database,
            loader_function,
        }))
    }
}
