//! Single listings on the page: none, unless its operator wants them.

use std::collections::{BTreeMap, BTreeSet};

use end_to_end::world::{BUCKET, World};
use publisher::{Publisher, Site};
use runtime::Bucket;
use serde_json::{Value, json};
use warehouse::Warehouse;

use crate::lake::market_of;
use crate::page::{Mart, plain};

/// What a listing's row shows, and the mart's column that it is.
const COLUMNS: [(&str, &str); 8] = [
    ("kind", "sub_category"),
    ("name", "name"),
    ("district", "district"),
    ("area_m2", "area_m2"),
    ("total_price", "total_price"),
    ("price_per_m2", "price_per_m2"),
    ("since", "first_seen"),
    ("url", "url"),
];

/// What the page's bucket has: every slice by its name, and all other keys below `data/`.
async fn published(site: &Bucket) -> (BTreeMap<String, Value>, BTreeSet<String>) {
    let page: Value = serde_json::from_slice(&site.read("data/manifest.json").await.unwrap()).unwrap();
    let mut slices = BTreeMap::new();
    for (name, key) in page["slices"].as_object().unwrap() {
        let slice = site.read(key.as_str().unwrap()).await.unwrap();
        slices.insert(name.clone(), serde_json::from_slice(&slice).unwrap());
    }
    let there = site.list("data/").next().await.unwrap().unwrap();
    (slices, there.into_iter().map(|object| object.key).collect())
}

async fn publish(world: &World, site: &Bucket, listings: bool) {
    let lake = Bucket::new(world.s3.clone(), BUCKET.to_owned());
    let warehouse = Warehouse::new(&world.database.url("analyst"), None).unwrap();
    let site = Site { bucket: site.clone(), listings };
    Publisher::new(lake, Some(site), warehouse).publish().await.unwrap();
}

#[tokio::test]
async fn single_listings_are_on_the_page_while_its_operator_shows_them_and_gone_at_once_when_not() {
    let (world, mut loader, rest) = market_of(500, 20, 50).await;
    world.s3.create_bucket().bucket("site").send().await.unwrap();
    let site = Bucket::new(world.s3.clone(), "site".to_owned());

    publish(&world, &site, false).await;
    let (aggregates, keys) = published(&site).await;
    let listings = Mart::read(&world, "current_listing").await.0;
    let ids: Vec<String> = listings.iter().map(|row| row["hash_id"].to_string()).collect();
    assert!(ids.len() > 100);
    for key in &keys {
        let text = String::from_utf8(site.read(key).await.unwrap()).unwrap();
        let told = ids.iter().find(|id| text.contains(id.as_str()));
        assert_eq!(told, None, "{key} tells of a listing");
    }

    publish(&world, &site, true).await;
    let (mut slices, _) = published(&site).await;
    slices.retain(|name, _| !aggregates.contains_key(name));
    let (shown, expected) = (shown(slices), expected(&world).await);
    let differing: Vec<_> = shown.symmetric_difference(&expected).take(2).collect();
    assert_eq!(differing, Vec::<&String>::new(), "{} shown, {} expected", shown.len(), expected.len());

    // What an earlier publication has shown is gone as well.
    loader.invoke(rest.into_iter().next().unwrap()).await.unwrap();
    publish(&world, &site, true).await;
    publish(&world, &site, false).await;
    let (slices, keys) = published(&site).await;
    assert!(slices.keys().eq(aggregates.keys()), "{:?}", slices.keys());
    let left: Vec<_> = keys.iter().filter(|key| key.contains("listings")).collect();
    assert_eq!(left, Vec::<&String>::new());
}

/// The listings of all slices, each with its category, deal and region.
fn shown(slices: BTreeMap<String, Value>) -> BTreeSet<String> {
    let mut listings = BTreeSet::new();
    for (name, slice) in slices {
        assert!(name.contains("-listings-"), "{name}");
        for (row, _) in slice["url"].as_array().unwrap().iter().enumerate() {
            let mut listing = json!({ "slice": name, "region": slice["region"] });
            for column in COLUMNS.map(|(shown, _)| shown).into_iter().chain(["city", "change_percent"]) {
                listing[column] = slice[column][row].clone();
            }
            assert!(listings.insert(listing.to_string()), "{listing} is shown twice");
        }
    }
    listings
}

/// The same from the rows of the marts.
async fn expected(world: &World) -> BTreeSet<String> {
    let mut changes = Mart::read(world, "price_change").await.0;
    changes.sort_by_key(|change| change["changed_at"].to_string());
    let latest: BTreeMap<String, Value> =
        changes.iter().map(|change| (change["hash_id"].to_string(), change["percent"].clone())).collect();
    assert!(!latest.is_empty());
    let listings = Mart::read(world, "current_listing").await.0;
    let expected = listings.iter().filter(|row| row["region"].is_string()).map(|row| {
        let slug = |name: &str| plain(row[name].as_str().unwrap());
        let slice = format!("{}-{}-listings-{}", slug("category"), slug("deal"), slug("region"));
        let mut listing = json!({ "slice": slice, "region": row["region"] });
        for (shown, column) in COLUMNS {
            listing[shown] = row[column].clone();
        }
        listing["since"] = json!(row["first_seen"].as_str().unwrap()[..10]);
        let city: Vec<&str> = ["city", "city_part"].iter().filter_map(|name| row[*name].as_str()).collect();
        listing["city"] = json!(city.join(", "));
        listing["change_percent"] = latest.get(&row["hash_id"].to_string()).cloned().unwrap_or_default();
        listing.to_string()
    });
    expected.collect()
}
