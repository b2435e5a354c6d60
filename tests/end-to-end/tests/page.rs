//! The page's figures, each computed once more from the rows of the marts, in Rust instead of SQL.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use end_to_end::world::{BUCKET, World};
use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan};
use publisher::{Publisher, Site};
use runtime::Bucket;
use serde_json::{Map, Value, json};
use warehouse::Warehouse;

use crate::lake::market_of;

/// The fewest listings that a cell may show.
const FEWEST: i64 = 5;
/// No region: listings abroad. They count in the country.
const ABROAD: &str = "?";

/// Rows of a mart, and the pair of category and deal that each is about.
pub(crate) struct Mart(pub(crate) Vec<Value>);

type Pair = (String, String);

impl Mart {
    pub(crate) async fn read(world: &World, name: &str) -> Self {
        let sql = format!("select to_jsonb(mart)::text from mart.{name} as mart");
        let rows = world.sql.query(&sql, &[]).await.unwrap();
        Self(rows.iter().map(|row| serde_json::from_str(row.get(0)).unwrap()).collect())
    }

    fn pairs(&self) -> BTreeSet<Pair> {
        self.0.iter().map(|row| (text(row, "category"), text(row, "deal"))).collect()
    }

    fn of<'m>(&'m self, pair: &'m Pair) -> impl Iterator<Item = &'m Value> + Clone {
        self.0.iter().filter(move |row| row["category"] == pair.0 && row["deal"] == pair.1)
    }
}

fn text(row: &Value, column: &str) -> String {
    row[column].as_str().unwrap_or_default().to_owned()
}

fn number(row: &Value, column: &str) -> i64 {
    row[column].as_i64().unwrap_or_default()
}

fn day(row: &Value, column: &str) -> Date {
    row[column].as_str().unwrap().parse().unwrap()
}

/// The country and the region that a row counts in.
fn counted_in(row: &Value) -> [String; 2] {
    [String::new(), row["region"].as_str().unwrap_or(ABROAD).to_owned()]
}

/// What a count shows: nothing of few, but that there is none.
fn shown(count: i64) -> Value {
    if count == 0 || count >= FEWEST { json!(count) } else { Value::Null }
}

/// The value that half of them do not exceed, as `percentile_disc`.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len().div_ceil(2) - 1]
}

/// A slice's name.
fn slug(pair: &Pair, subject: &str) -> String {
    plain(&format!("{}-{}-{subject}", pair.0, pair.1))
}

/// A name as in addresses.
pub(crate) fn plain(name: &str) -> String {
    let letter = |letter| match letter {
        'á' => 'a',
        'č' => 'c',
        'ď' => 'd',
        'é' | 'ě' => 'e',
        'í' => 'i',
        'ň' => 'n',
        'ó' => 'o',
        'ř' => 'r',
        'š' => 's',
        'ť' => 't',
        'ú' | 'ů' => 'u',
        'ý' => 'y',
        'ž' => 'z',
        ' ' => '-',
        letter => letter,
    };
    name.to_lowercase().chars().map(letter).collect()
}

/// All marts that the page shows, and the day of the newest complete walk.
struct Marts {
    level: Mart,
    new_and_gone: Mart,
    coming_and_going: Mart,
    stay: Mart,
    price_change: Mart,
    rental_yield: Mart,
    current_listing: Mart,
    last_day: Date,
}

impl Marts {
    async fn read(world: &World) -> Self {
        let last_day = "select max(day) from mart.walk_health where complete";
        Self {
            level: Mart::read(world, "price_level").await,
            new_and_gone: Mart::read(world, "new_and_gone").await,
            coming_and_going: Mart::read(world, "coming_and_going").await,
            stay: Mart::read(world, "stay").await,
            price_change: Mart::read(world, "price_change").await,
            rental_yield: Mart::read(world, "rental_yield").await,
            current_listing: Mart::read(world, "current_listing").await,
            last_day: world.sql.query_one(last_day, &[]).await.unwrap().get(0),
        }
    }

    fn latest(&self, pair: &Pair) -> Date {
        let country =
            self.level.of(pair).filter(|row| row["place"] == "country" && row["all_sub_categories"] == true);
        country.map(|row| day(row, "day")).max().unwrap()
    }

    fn overview(&self) -> Value {
        let pairs = self.level.pairs().into_iter().filter_map(|pair| {
            let enough = |row: &&Value| {
                row["place"] == "country" && row["all_sub_categories"] == true && number(row, "listings") >= FEWEST
            };
            let row = self.level.of(&pair).filter(enough).max_by_key(|row| day(row, "day"))?;
            Some(json!({
                "category": pair.0, "deal": pair.1, "day": row["day"], "listings": row["listings"], "median": row["median"],
            }))
        });
        pairs.collect()
    }

    fn series(&self, pair: &Pair) -> Value {
        let shown = |row: &&Value| {
            row["all_sub_categories"] == true
                && (row["place"] == "country" || row["place"] == "region" && row["region"].is_string())
        };
        let rows = self.level.of(pair).filter(shown);
        let days: BTreeSet<String> = rows.clone().map(|row| text(row, "day")).collect();
        let mut places: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for row in rows {
            if number(row, "listings") >= FEWEST {
                places
                    .entry(text(row, "region"))
                    .or_default()
                    .insert(text(row, "day"), row["median"].clone());
            }
        }
        let series = |known: &BTreeMap<String, Value>| -> Value {
            days.iter().map(|day| known.get(day).cloned().unwrap_or(Value::Null)).collect()
        };
        let places: Map<String, Value> =
            places.iter().map(|(place, known)| (place.clone(), series(known))).collect();
        json!({ "days": days, "places": places })
    }

    fn kinds(&self, pair: &Pair) -> Value {
        let latest = self.latest(pair);
        let shown = |row: &&Value| {
            day(row, "day") == latest
                && row["all_sub_categories"] == false
                && row["sub_category"].is_string()
                && (row["place"] == "country" || row["place"] == "region" && row["region"].is_string())
                && number(row, "listings") >= FEWEST
        };
        let kind = |row: &Value| {
            let mut kind = Map::new();
            for (name, column) in [
                ("region", "region"),
                ("kind", "sub_category"),
                ("listings", "listings"),
                ("lower_quartile", "lower_quartile"),
                ("median", "median"),
                ("upper_quartile", "upper_quartile"),
            ] {
                if !row[column].is_null() {
                    kind.insert(name.to_owned(), row[column].clone());
                }
            }
            Value::Object(kind)
        };
        self.level.of(pair).filter(shown).map(kind).collect()
    }

    fn distribution(&self, pair: &Pair) -> Option<Value> {
        let rows = self.current_listing.of(pair).filter(|row| row["price_per_m2"].is_i64());
        let mut prices: Vec<i64> = rows.clone().map(|row| number(row, "price_per_m2")).collect();
        prices.sort_unstable();
        if (prices.len() as i64) < FEWEST {
            return None;
        }
        let hundredth = |share: usize| prices[(prices.len() * share).div_ceil(100) - 1];
        let (lowest, highest) = (hundredth(1), hundredth(99));
        let least = ((highest - lowest) as f64 / 25.0).max(1.0);
        let ten = 10_f64.powf(least.log10().floor());
        let step =
            [1.0, 2.0, 5.0, 10.0].map(|times| times * ten).into_iter().find(|step| least <= *step).unwrap()
                as i64;
        let (first, last) = (lowest / step * step, highest / step - lowest / step);
        let mut places: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for row in rows {
            let number = (number(row, "price_per_m2") - first).div_euclid(step);
            if (0..=last).contains(&number) {
                for place in counted_in(row) {
                    places.entry(place).or_insert_with(|| vec![0; last as usize + 1])[number as usize] += 1;
                }
            }
        }
        Some(json!({ "from": first, "step": step, "places": told(places) }))
    }

    fn stays(&self, pair: &Pair) -> Option<Value> {
        const STEPS: [i64; 7] = [0, 7, 14, 30, 60, 90, 180];
        let mut places: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for row in self.stay.of(pair) {
            let recent = row["gone_on"].is_string() && day(row, "gone_on") > self.last_day - 90.days();
            if recent && row["days_on_market"].is_i64() {
                let step = STEPS.iter().rposition(|step| *step <= number(row, "days_on_market")).unwrap();
                for place in counted_in(row) {
                    places.entry(place).or_insert_with(|| vec![0; STEPS.len()])[step] += 1;
                }
            }
        }
        let places = told(places);
        (!places.is_empty()).then(|| json!({ "from": STEPS, "places": places }))
    }

    fn turnover(&self, pair: &Pair) -> Option<Value> {
        let days: BTreeSet<String> = self.new_and_gone.of(pair).map(|row| text(row, "day")).collect();
        let mut places: BTreeMap<String, BTreeMap<String, (i64, i64)>> = BTreeMap::new();
        for row in self.new_and_gone.of(pair) {
            for place in counted_in(row) {
                let flow = places.entry(place).or_default().entry(text(row, "day")).or_default();
                flow.0 += if row["first_day"] == true { 0 } else { number(row, "new") };
                flow.1 += number(row, "gone");
            }
        }
        places.retain(|place, flows| {
            place != ABROAD && flows.values().any(|flow| flow.0.max(flow.1) >= FEWEST)
        });
        let series = |flows: &BTreeMap<String, (i64, i64)>| {
            let of = |day| flows.get(day).copied().unwrap_or_default();
            let new: Vec<Value> = days.iter().map(|day| shown(of(day).0)).collect();
            let gone: Vec<Value> = days.iter().map(|day| shown(of(day).1)).collect();
            json!({ "new": new, "gone": gone })
        };
        let places: Map<String, Value> =
            places.iter().map(|(place, flows)| (place.clone(), series(flows))).collect();
        (!places.is_empty()).then(|| json!({ "days": days, "places": places }))
    }

    fn changes(&self, pair: &Pair) -> Option<Value> {
        let this_week = monday(self.last_day + 1.day());
        type Listings = BTreeSet<i64>;
        // What was lowered, what was raised, and by how many per cent the first was.
        type Week = (Listings, Listings, Vec<f64>);
        let mut places: BTreeMap<String, BTreeMap<Date, Week>> = BTreeMap::new();
        for row in self.price_change.of(pair) {
            let week = monday(utc_day(row, "changed_at"));
            if week >= this_week {
                continue;
            }
            for place in counted_in(row) {
                let cell = places.entry(place).or_default().entry(week).or_default();
                if number(row, "difference") < 0 {
                    cell.0.insert(number(row, "hash_id"));
                    cell.2.push(row["percent"].as_f64().unwrap());
                } else if number(row, "difference") > 0 {
                    cell.1.insert(number(row, "hash_id"));
                }
            }
        }
        let known: BTreeSet<Date> = places.values().flat_map(BTreeMap::keys).copied().collect();
        let (first, last) = (*known.first()?, *known.last()?);
        let weeks: Vec<Date> = first.series(7.days()).take_while(|week| *week <= last).collect();
        places.retain(|place, weeks| {
            place != ABROAD
                && weeks.values().any(|(lowered, raised, _)| lowered.len().max(raised.len()) as i64 >= FEWEST)
        });
        let series = |cells: &BTreeMap<Date, Week>| {
            let empty = Default::default();
            let cells: Vec<_> = weeks.iter().map(|week| cells.get(week).unwrap_or(&empty)).collect();
            let cut = |lowered: &Listings, percents: &Vec<f64>| match lowered.len() as i64 >= FEWEST {
                true => json!(median(percents.clone())),
                false => Value::Null,
            };
            json!({
                "lowered": cells.iter().map(|cell| shown(cell.0.len() as i64)).collect::<Vec<_>>(),
                "raised": cells.iter().map(|cell| shown(cell.1.len() as i64)).collect::<Vec<_>>(),
                "cut_percent": cells.iter().map(|cell| cut(&cell.0, &cell.2)).collect::<Vec<_>>(),
            })
        };
        let told: Map<String, Value> =
            places.iter().map(|(place, cells)| (place.clone(), series(cells))).collect();
        let weeks: Vec<String> = weeks.iter().map(ToString::to_string).collect();
        (!told.is_empty()).then(|| json!({ "weeks": weeks, "places": told }))
    }

    fn places(&self, pair: &Pair) -> Value {
        let latest = self.latest(pair);
        let levels = |row: &&Value| {
            row["all_sub_categories"] == true
                && number(row, "listings") >= FEWEST
                && (row["place"] == "country" || row["region"].is_string())
                && (row["place"] != "district" || row["district"].is_string())
        };
        let levels: Vec<&Value> = self.level.of(pair).filter(levels).collect();
        let same = |row: &Value, other: &Value| {
            let key = |row: &Value| (text(row, "region"), text(row, "district"));
            key(row) == key(other)
        };
        // Whether a row of another mart counts in a place.
        let within = |row: &Value, place: &Value| {
            (place["region"].is_null() || row["region"] == place["region"])
                && (place["district"].is_null() || row["district"] == place["district"])
        };
        let now = levels.iter().filter(|row| day(row, "day") == latest);
        let place = |place: &&Value| {
            let mut told = Map::new();
            let mut tell = |name: &str, value: Value| {
                if !value.is_null() {
                    told.insert(name.to_owned(), value);
                }
            };
            for name in ["region", "district", "listings", "lower_quartile", "median", "upper_quartile"] {
                tell(name, place[name].clone());
            }
            let before = |days: i64| {
                let week = latest - (days + 7).days()..=latest - days.days();
                let rows = levels.iter().filter(|row| same(row, place) && week.contains(&day(row, "day")));
                rows.max_by_key(|row| day(row, "day")).map_or(Value::Null, |row| row["median"].clone())
            };
            tell("month_ago", before(30));
            tell("year_ago", before(365));
            let month = |row: &&Value| within(row, place) && day(row, "day") > latest - 30.days();
            let listings = |event: &str| {
                let rows = self.coming_and_going.of(pair).filter(month).filter(|row| row["event"] == event);
                let counted = rows.filter(|row| event != "new" || row["first_day"] != true);
                counted.map(|row| number(row, "hash_id")).collect::<BTreeSet<_>>().len() as i64
            };
            for event in ["new", "gone"] {
                tell(event, if listings(event) >= FEWEST { json!(listings(event)) } else { Value::Null });
            }
            let gone = self.stay.of(pair).filter(|row| {
                within(row, place)
                    && row["days_on_market"].is_i64()
                    && row["gone_on"].is_string()
                    && day(row, "gone_on") > latest - 90.days()
            });
            let days: Vec<f64> = gone.map(|row| number(row, "days_on_market") as f64).collect();
            if days.len() as i64 >= FEWEST {
                tell("days_on_market", json!(median(days) as i64));
            }
            let cuts = self.price_change.of(pair).filter(|row| {
                let recent = utc_day(row, "changed_at") >= latest - 29.days();
                within(row, place) && number(row, "difference") < 0 && recent
            });
            let lowered: BTreeSet<i64> = cuts.clone().map(|row| number(row, "hash_id")).collect();
            if lowered.len() as i64 >= FEWEST {
                tell("cuts", json!(lowered.len()));
                tell(
                    "cut_percent",
                    json!(median(cuts.map(|row| row["percent"].as_f64().unwrap()).collect())),
                );
            }
            let yields = self.rental_yield.0.iter().find(|row| {
                pair.1 == "Prodej"
                    && row["category"] == pair.0
                    && row["all_sub_categories"] == true
                    && number(row, "fewest") >= FEWEST
                    && place["district"].is_string()
                    && same(row, place)
            });
            tell("yield_percent", yields.map_or(Value::Null, |row| row["gross_yield_percent"].clone()));
            let positions = self.current_listing.of(pair).filter(|row| {
                place["district"].is_string()
                    && same(row, place)
                    && row["latitude"].is_f64()
                    && row["longitude"].is_f64()
            });
            let count = positions.clone().count();
            if count as i64 >= FEWEST {
                for name in ["latitude", "longitude"] {
                    let mean =
                        positions.clone().map(|row| row[name].as_f64().unwrap()).sum::<f64>() / count as f64;
                    tell(name, json!((mean * 1000.0).round() / 1000.0));
                }
            }
            Value::Object(told)
        };
        now.map(place).collect()
    }

    /// Every slice of the page by its name.
    fn slices(&self) -> BTreeMap<String, Value> {
        let mut slices = BTreeMap::from([("overview".to_owned(), self.overview())]);
        for pair in self.level.pairs() {
            for (subject, slice) in [
                ("series", Some(self.series(&pair))),
                ("kinds", Some(self.kinds(&pair))),
                ("places", Some(self.places(&pair))),
                ("distribution", self.distribution(&pair)),
                ("stays", self.stays(&pair)),
                ("turnover", self.turnover(&pair)),
                ("changes", self.changes(&pair)),
            ] {
                slices.extend(slice.map(|slice| (slug(&pair, subject), slice)));
            }
        }
        slices
    }
}

/// Counts by place, without places of which every count is of few.
fn told(places: BTreeMap<String, Vec<i64>>) -> Map<String, Value> {
    let enough = places
        .into_iter()
        .filter(|(place, counts)| place != ABROAD && counts.iter().any(|count| *count >= FEWEST));
    enough.map(|(place, counts)| (place, counts.into_iter().map(shown).collect())).collect()
}

fn utc_day(row: &Value, column: &str) -> Date {
    let at: Timestamp = row[column].as_str().unwrap().parse().unwrap();
    at.to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn monday(day: Date) -> Date {
    day - i64::from(day.weekday().since(Weekday::Monday)).days()
}

/// In one notation: lists of objects have no order that matters here, and -3 is -3.0.
fn sorted(slice: Value) -> Value {
    match slice {
        Value::Array(entries) => {
            let mut entries: Vec<Value> = entries.into_iter().map(sorted).collect();
            if entries.iter().all(Value::is_object) {
                entries.sort_by_key(ToString::to_string);
            }
            Value::Array(entries)
        }
        Value::Object(entries) => entries.into_iter().map(|(name, value)| (name, sorted(value))).collect(),
        Value::Number(number) => json!(number.as_f64()),
        slice => slice,
    }
}

#[tokio::test]
async fn slices_stay_for_those_who_have_the_page_open_and_go_with_the_publication_after_the_next() {
    let (world, mut loader, rest) = market_of(500, 12, 20).await;
    // Page and lake beside the raw zone.
    let bucket = Bucket::new(world.s3.clone(), BUCKET.to_owned());
    let warehouse = Warehouse::new(&world.database.url("analyst"), None).unwrap();
    let publisher =
        Publisher::new(bucket.clone(), Some(Site { bucket: bucket.clone(), listings: false }), warehouse);
    let mut opened: Vec<BTreeSet<String>> = Vec::new();
    for event in rest.into_iter().take(3) {
        loader.invoke(event).await.unwrap();
        publisher.publish().await.unwrap();
        let page: Value = serde_json::from_slice(&bucket.read("data/manifest.json").await.unwrap()).unwrap();
        let keys = page["slices"].as_object().unwrap().values();
        opened.push(keys.map(|key| key.as_str().unwrap().to_owned()).collect());
        let there: BTreeSet<String> = bucket
            .list("data/")
            .next()
            .await
            .unwrap()
            .unwrap()
            .into_iter()
            .map(|object| object.key)
            .collect();
        for (ago, keys) in opened.iter().rev().enumerate() {
            let gone = keys.difference(&there).count();
            assert!(
                if ago < 2 { gone == 0 } else { gone > 0 },
                "{gone} slices of {ago} publications ago are gone"
            );
        }
        // They were all put days ago.
        for key in there {
            world.stored_ago(&key, Duration::from_secs(3 * 86_400));
        }
    }
    assert_eq!(opened.iter().collect::<BTreeSet<_>>().len(), 3);
}

#[tokio::test]
async fn every_figure_of_the_page_is_the_marts_and_stands_on_five_listings() {
    let (world, ..) = market_of(3_000, 60, 1_000).await;
    let warehouse = Warehouse::new(&world.database.url("analyst"), None).unwrap();
    world.s3.create_bucket().bucket("site").send().await.unwrap();
    let site = Bucket::new(world.s3.clone(), "site".to_owned());
    let lake = Bucket::new(world.s3.clone(), BUCKET.to_owned());
    let page = Site { bucket: site.clone(), listings: false };
    let publisher = Publisher::new(lake, Some(page), warehouse);
    assert!(publisher.publish().await.unwrap().page_files_written > 20);

    let page: Value = serde_json::from_slice(&site.read("data/manifest.json").await.unwrap()).unwrap();
    assert_eq!((&page["simulated"], &page["market"]), (&json!(true), &json!("http://127.0.0.1")));
    let mut expected = Marts::read(&world).await.slices();
    for (name, key) in page["slices"].as_object().unwrap() {
        let slice: Value = serde_json::from_slice(&site.read(key.as_str().unwrap()).await.unwrap()).unwrap();
        let expected = expected.remove(name).unwrap_or_else(|| panic!("{name} is no slice of the marts"));
        assert_eq!(sorted(slice), sorted(expected), "{name}");
    }
    // What is left says nothing.
    expected.retain(|_, slice| slice.as_array().is_none_or(|entries| !entries.is_empty()));
    assert_eq!(expected.keys().collect::<Vec<_>>(), Vec::<&String>::new());

    // A second publication of the same puts nothing, and the page is whole.
    assert_eq!(publisher.publish().await.unwrap().page_files_written, 0);
    let index = String::from_utf8(site.read("index.html").await.unwrap()).unwrap();
    for file in index.split('"').filter(|word| word.ends_with(".js") || word.ends_with(".css")) {
        site.read(file.trim_start_matches("./")).await.unwrap_or_else(|error| panic!("{file}: {error}"));
    }
}
