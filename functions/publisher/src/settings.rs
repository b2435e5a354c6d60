//! What the publisher reads from its environment.

use runtime::{DatabaseSettings, SettingsError, SettingsReader};

/// What the publisher needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// `CENOVKA_LAKE_BUCKET`.
    pub(crate) lake_bucket: String,
    /// `CENOVKA_SITE_BUCKET`; without it no page is published.
    pub(crate) site_bucket: Option<String>,
    /// `CENOVKA_PAGE_LISTINGS`: whether the page shows single listings.
    pub(crate) page_listings: bool,
    /// An analyst's login.
    pub(crate) database: DatabaseSettings,
}

impl Settings {
    /// Reads them from the environment.
    pub(crate) fn from_env() -> Result<Self, SettingsError> {
        Self::read(SettingsReader::from_env())
    }

    fn read(mut reader: SettingsReader) -> Result<Self, SettingsError> {
        let text = |text: &str| Ok(text.to_owned());
        let lake_bucket = reader.required("CENOVKA_LAKE_BUCKET", "name of the bucket for the lake", text);
        let site_bucket = reader.optional("CENOVKA_SITE_BUCKET", text);
        let page_listings = reader.optional("CENOVKA_PAGE_LISTINGS", parse_show).unwrap_or(false);
        let database = reader.database();
        let settings = lake_bucket.zip(database).map(|(lake_bucket, database)| Self {
            lake_bucket,
            site_bucket,
            page_listings,
            database,
        });
        reader.finish(settings)
    }
}

fn parse_show(text: &str) -> Result<bool, String> {
    match text {
        "show" => Ok(true),
        "hide" => Ok(false),
        _ => Err(format!("\"{text}\" is neither show nor hide")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_published_only_if_its_bucket_is_named() {
        let read = |values: &[(&str, &str)]| Settings::read(SettingsReader::of(values));
        let lake = [("CENOVKA_LAKE_BUCKET", "lake"), ("DATABASE_URL", "host=x")];
        assert_eq!(read(&lake).unwrap().site_bucket, None);
        let both = [&lake[..], &[("CENOVKA_SITE_BUCKET", "site")]].concat();
        assert_eq!(read(&both).unwrap().site_bucket.as_deref(), Some("site"));
        assert!(!read(&lake).unwrap().page_listings);
        let error = read(&[("CENOVKA_SITE_BUCKET", "site")]).unwrap_err().to_string();
        assert!(error.contains("CENOVKA_LAKE_BUCKET is missing: name of the bucket for the lake"), "{error}");
    }

    #[test]
    fn single_listings_are_shown_only_if_somebody_says_so() {
        let read = |value| {
            Settings::read(SettingsReader::of(&[
                ("CENOVKA_LAKE_BUCKET", "lake"),
                ("DATABASE_URL", "host=x"),
                ("CENOVKA_PAGE_LISTINGS", value),
            ]))
        };
        for (value, shown) in [("show", true), ("hide", false), ("", false)] {
            assert_eq!(read(value).unwrap().page_listings, shown, "{value}");
        }
        let error = read("yes").unwrap_err().to_string();
        let fault = "CENOVKA_PAGE_LISTINGS is wrong: \"yes\" is neither show nor hide";
        assert!(error.contains(fault), "{error}");
    }
}
