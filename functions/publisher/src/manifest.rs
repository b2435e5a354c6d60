//! What belongs to a publication. Whoever reads the lake reads the manifest first, and then only the files that it names.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use runtime::{Bucket, StoreError};
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Where the newest manifest is. It is put last, so that all that it names is there.
pub const MANIFEST: &str = "lake/manifest.json";
/// All manifests that are kept, by their publications.
pub(crate) const MANIFESTS: &str = "lake/manifests/";

/// A publication of the lake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// 1.
    pub format: u32,
    /// Its name, the moment of the snapshot: `20261126T051200Z`. A later publication has a greater name.
    pub publication: String,
    /// The moment of the snapshot.
    pub taken_at: Timestamp,
    /// Base URL of the portal that was asked; null before the first walk.
    pub market: Option<String>,
    /// The key of what the columns hold: types and comments.
    pub schema: String,
    pub datasets: BTreeMap<String, DatasetFiles>,
}

/// A dataset of a publication.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetFiles {
    pub rows: u64,
    /// In ascending order of their parts.
    pub files: Vec<LakeFile>,
}

/// A file of the lake, which never changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LakeFile {
    pub key: String,
    /// Such as `flats-sale` or `2026-11`.
    pub part: String,
    pub rows: u64,
    pub bytes: u64,
}

impl Manifest {
    /// The name of a publication after another one: by the clock, or a second later where the clock was set back.
    pub(crate) fn next_publication(taken_at: Timestamp, last: Option<&Self>) -> String {
        let name = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
        let after_last = last.and_then(|last| {
            let at: jiff::civil::DateTime =
                jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", &last.publication).ok()?;
            let at = at.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
            at.checked_add(SignedDuration::from_secs(1)).ok().map(name)
        });
        after_last.map_or(name(taken_at), |after_last| name(taken_at).max(after_last))
    }

    /// Whether both say the same of the market: then the earlier one stays.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.format == other.format
            && self.market == other.market
            && self.schema == other.schema
            && self.datasets == other.datasets
    }

    /// The key under which it is kept.
    pub(crate) fn kept_key(&self) -> String {
        format!("{MANIFESTS}{}.json", self.publication)
    }

    /// The list of a dataset's files for engines that know lists of files instead of manifests, such as Athena.
    pub(crate) fn list_key(&self, dataset: &str) -> String {
        format!("lake/symlinks/{dataset}/{}/files.txt", self.publication)
    }

    /// Every key that a reader of it may ask for.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        let lists = self.datasets.keys().map(|dataset| self.list_key(dataset));
        let files = self.datasets.values().flat_map(|dataset| &dataset.files).map(|file| file.key.clone());
        [self.kept_key(), self.schema.clone()].into_iter().chain(lists).chain(files)
    }

    /// It as JSON.
    pub(crate) fn to_json(&self) -> Vec<u8> {
        // A struct of texts and numbers becomes JSON always.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }
}

/// A JSON object of ours with its entity tag; `None` if there is none.
pub(crate) async fn read<T: serde::de::DeserializeOwned>(
    store: &Bucket,
    key: &str,
) -> Result<Option<(T, String)>, Error> {
    let mut object = match store.fetch(key).await {
        Ok(object) => object,
        Err(StoreError::Missing { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let manifest = serde_json::from_reader(&mut object.bytes).map_err(|source| Error::Manifest {
        bucket: store.bucket().to_owned(),
        key: key.to_owned(),
        source,
    })?;
    Ok(Some((manifest, object.etag)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(publication: &str) -> Manifest {
        Manifest {
            format: 1,
            publication: publication.to_owned(),
            taken_at: Timestamp::UNIX_EPOCH,
            market: None,
            schema: String::new(),
            datasets: BTreeMap::new(),
        }
    }

    #[test]
    fn a_later_publication_has_a_greater_name_even_where_the_clock_was_set_back() {
        let at: Timestamp = "2026-11-26T05:12:00.9Z".parse().unwrap();
        assert_eq!(Manifest::next_publication(at, None), "20261126T051200Z");
        let next = |last: &str| Manifest::next_publication(at, Some(&manifest(last)));
        assert_eq!(next("20261125T051200Z"), "20261126T051200Z");
        assert_eq!(next("20261126T051200Z"), "20261126T051201Z");
        assert_eq!(next("20261231T235959Z"), "20270101T000000Z");
    }
}
