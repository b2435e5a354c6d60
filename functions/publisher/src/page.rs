//! The static page: its files, and the aggregates that it shows as small slices of JSON.

mod files;
mod queries;

use std::collections::{BTreeMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use runtime::Bucket;
use serde::{Deserialize, Serialize};
use warehouse::MartSnapshot;

use crate::digest;
use crate::error::Error;
use crate::manifest;
use files::{FILES, PageFile};
use queries::{AS_OF, LISTINGS, QUERIES};

/// Which slices there are. It is put last.
const MANIFEST: &str = "data/manifest.json";
const SLICES: &str = "data/";
const FORMAT: u32 = 1;
/// No cell shows fewer listings: the page must not be a way to single adverts, unless its operator wants it to be one.
const FEWEST: i32 = 5;
/// What the names of slices have that hold single listings.
const OF_LISTINGS: &str = "-listings-";
/// The portal itself; every other one is simulated.
const REAL_PORTAL: &str = "https://www.sreality.cz";
/// What is named after its contents never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// The rest is asked for again soon.
const FOR_MINUTES: &str = "public, max-age=300";
/// What a publication that was killed has put may be used by its second try; after a day it had all of them.
const YOUNG: SignedDuration = SignedDuration::from_hours(24);

/// Where the page is published, and what it shows.
#[derive(Debug)]
pub struct Site {
    pub bucket: Bucket,
    /// Whether it shows single listings, to the collection of which the portal has a right.
    pub listings: bool,
}

/// What the page reads first.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct PageManifest {
    format: u32,
    /// Base URL of the portal that was asked.
    market: Option<String>,
    simulated: bool,
    /// Start of the newest complete walk; null before it.
    as_of: Option<String>,
    /// The keys of slices, by their names.
    slices: BTreeMap<String, String>,
    /// Digests of the page's files.
    files: BTreeMap<String, String>,
}

/// Publishes the page that a snapshot makes; how many objects were put.
pub(crate) async fn publish(site: &Site, snapshot: &MartSnapshot<'_>) -> Result<u64, Error> {
    let Site { bucket: store, listings } = site;
    let (last, etag) = manifest::read::<PageManifest>(store, MANIFEST).await?.unzip();
    let mut put = 0;
    let mut slices = BTreeMap::new();
    let aggregates = QUERIES.iter().map(|query| (*query, &[FEWEST][..], FOR_EVER));
    // Not for ever: they are gone soon where the operator does not want them any more.
    let listings_query = listings.then_some((LISTINGS, &[][..], FOR_MINUTES));
    for (query, parameters, cached) in aggregates.chain(listings_query) {
        let mut slices_of_query = snapshot.text_rows(query, parameters).await?;
        while let Some(slice) = slices_of_query.next().await? {
            let [name, body] = <[String; 2]>::try_from(slice.texts()?).unwrap_or_default();
            let body = compact(body).into_bytes();
            let key = format!("{SLICES}{name}.{}.json", digest::short_name(&body));
            if last.as_ref().is_none_or(|last| last.slices.get(&name) != Some(&key)) {
                store.put_cached(&key, body, "application/json", Some(cached)).await?;
                put += 1;
            }
            slices.insert(name, key);
        }
    }
    let mut files = BTreeMap::new();
    for PageFile { key, media_type, bytes } in FILES {
        let digest = digest::short_name(bytes);
        if last.as_ref().is_none_or(|last| last.files.get(*key) != Some(&digest)) {
            store.put_cached(key, bytes.to_vec(), media_type, Some(FOR_MINUTES)).await?;
            put += 1;
        }
        files.insert((*key).to_owned(), digest);
    }
    let mut facts = snapshot.texts(AS_OF).await?.into_iter();
    let (market, as_of) =
        (facts.next().filter(|text| !text.is_empty()), facts.next().filter(|text| !text.is_empty()));
    let simulated = market.as_deref().is_some_and(|market| market != REAL_PORTAL);
    let manifest = PageManifest { format: FORMAT, market, simulated, as_of, slices, files };
    if last.as_ref() != Some(&manifest) {
        let json = serde_json::to_vec(&manifest).unwrap_or_default();
        store.replace_json(MANIFEST, etag.as_deref(), json).await?;
        put += 1;
    }
    // Who has opened the page before may still ask for what it named then.
    let named = last.iter().chain([&manifest]).flat_map(|manifest| manifest.slices.values());
    delete_others(site, &named.map(String::as_str).collect(), Timestamp::now()).await?;
    Ok(put)
}

/// Postgres writes JSON with a space after every comma.
fn compact(json: String) -> String {
    let value: Result<serde_json::Value, _> = serde_json::from_str(&json);
    value.map_or(json, |value| value.to_string())
}

/// Deletes the slices of earlier pages, but for these; and those of single listings if they are not to be shown.
async fn delete_others(site: &Site, named: &HashSet<&str>, now: Timestamp) -> Result<(), Error> {
    let Site { bucket: store, listings } = site;
    let mut listing = store.list(SLICES);
    while let Some(page) = listing.next().await? {
        for object in page {
            let named = object.key == MANIFEST || named.contains(object.key.as_str());
            let unwanted = !listings && object.key.contains(OF_LISTINGS);
            if unwanted || !named && now.duration_since(object.stored_at) > YOUNG {
                store.delete(&object.key).await?;
            }
        }
    }
    Ok(())
}
