//! What a file of watches may say, and what is said of what it may not.

use sreality::place::{DISTRICTS, Place, REGIONS};
use warehouse::EventKind;

use super::*;
use crate::message::Language;
use crate::watch::{Bounds, Seller};

const CHANNELS: &str = "[channels.phone]\nkind = \"ntfy\"\nurl = \"https://ntfy.example/secret\"\n";
const LEAST: &str =
    "[[watch]]\nname = \"a\"\ndeal = \"sale\"\ncategory = \"flats\"\nchannels = [\"phone\"]\n";

fn faults(text: &str) -> Vec<String> {
    Watches::parse(text).unwrap_err().faults.iter().map(ToString::to_string).collect()
}

/// What is wrong with the least watch and these lines, the first of which is line 6; without line and column.
#[track_caller]
fn fault(lines: &str) -> String {
    let faults = faults(&format!("{LEAST}{lines}\n{CHANNELS}"));
    assert_eq!(faults.len(), 1, "{faults:?}");
    let (place, fault) = faults[0].split_once(": ").unwrap();
    assert!(place.starts_with("line "), "{place}");
    fault.to_owned()
}

fn least() -> Watch {
    Watches::parse(&format!("{LEAST}{CHANNELS}")).unwrap().iter().next().unwrap().clone()
}

#[test]
fn a_watch_may_say_everything() {
    let text = format!(
        r#"
[[watch]]
name = "byty-praha"
deal = "sale"
category = "flats"
dispositions = ["2-kk", "2+1"]
region = "praha"
near = {{ latitude = 50.08, longitude = 14.42, km = 3 }}
price = {{ from = 3_000_000, to = 8_000_000 }}
area_m2 = {{ from = 40 }}
price_per_m2 = {{ to = 120_000 }}
drop_percent = 2.5
seller = "private"
events = ["new", "cheaper"]
channels = ["phone"]
language = "en"
digest = true
at_most_per_hour = 5
{CHANNELS}"#
    );
    let watches = Watches::parse(&text).unwrap();
    assert!(watches.get("byty").is_none());
    let watch = watches.get("byty-praha").unwrap();
    let filter = &watch.filter;
    assert_eq!((watch.name.as_str(), watch.channels.as_slice()), ("byty-praha", &["phone".to_owned()][..]));
    assert_eq!((watch.language, watch.digest, watch.at_most_per_hour), (Language::En, true, 5));
    assert_eq!((filter.deal, filter.category), (1, 1));
    assert_eq!(filter.sub_categories, Some([4, 5].into_iter().collect()));
    assert!(matches!(filter.place, Some(Place::Region(region)) if region.id == 10));
    assert!(filter.near.unwrap().includes(Some(50.1), Some(14.42)));
    assert!(!filter.near.unwrap().includes(Some(50.11), Some(14.42)));
    assert_eq!(filter.price, Some(Bounds { from: 3_000_000, to: 8_000_000 }));
    assert_eq!(filter.area_m2, Some(Bounds { from: 40, to: i32::MAX.into() }));
    assert_eq!(filter.price_per_m2, Some(Bounds { from: 0, to: 120_000 }));
    assert_eq!((filter.drop, filter.seller), (Some(250), Some(Seller::Private)));
    assert_eq!(filter.kinds, [EventKind::New, EventKind::Cheaper].into_iter().collect());
    assert!(watches.channels().contains_key("phone"));
}

#[test]
fn a_watch_that_says_the_least_is_told_what_comes_and_what_becomes_cheaper() {
    let watch = least();
    let told = EventKind::ALL.into_iter().filter(|kind| watch.filter.kinds.contains(*kind));
    assert_eq!(
        told.collect::<Vec<_>>(),
        [EventKind::New, EventKind::Relisted, EventKind::Back, EventKind::Cheaper]
    );
    assert_eq!((watch.language, watch.digest, watch.at_most_per_hour), (Language::Cs, false, 20));
    assert!(watch.filter.place.is_none() && watch.filter.near.is_none() && watch.filter.price.is_none());
}

#[test]
fn an_empty_file_and_unused_channels_are_no_faults() {
    assert!(Watches::parse("").unwrap().is_empty());
    assert_eq!(Watches::parse(CHANNELS).unwrap().channels().len(), 1);
}

#[test]
fn all_faults_are_named_from_top_to_bottom() {
    let text = format!(
        "[[watch]]\ndeal = \"buy\"\ncategory = \"flats\"\nprise = 3\nchannels = [\"phone\", \"fax\"]\n\
         [[watch]]\nname = \"b\"\ndeal = \"sale\"\nregion = \"prah\"\nchannels = []\n{CHANNELS}colour = 1\n[x]\n"
    );
    let expected = [
        "line 1, column 1: watch 1: name: is missing",
        "line 2, column 8: watch 1: deal: `buy` is none of sale, rent, auction, share",
        "line 4, column 1: watch 1: prise: is no key here; did you mean `price`?",
        "line 5, column 22: watch 1: channels: `fax` is no channel; there are phone",
        "line 6, column 1: watch `b`: category: is missing",
        "line 9, column 10: watch `b`: region: `prah` is no region; did you mean `praha`? see docs/watches.md",
        "line 10, column 12: watch `b`: channels: is empty; name at least one",
        "line 11, column 1: channel `phone`: unknown field `colour`, expected `url`",
        "line 15, column 2: x: is no key here; known are channels, watch",
    ];
    assert_eq!(faults(&text), expected);
    let all = Watches::parse(&text).unwrap_err().to_string();
    assert_eq!(all, format!("wrong watches: {}", expected.join("; ")));
}

#[test]
fn values_that_are_wrong_are_named_with_what_would_be_right() {
    let dispositions = "1-kk, 1-1, 2-kk, 2-1, 3-kk, 3-1, 4-kk, 4-1, 5-kk, 5-1, 6-a-vice, atypicky, pokoj";
    for (lines, expected) in [
        ("dispositions = [\"vila\"]", &*format!("dispositions: `vila` is none of {dispositions} of flats")),
        ("dispositions = \"2-kk\"", "dispositions: must be a list like [\"…\"], not a text"),
        ("dispositions = [\"2-kk\", \"2+kk\"]", "dispositions: is named twice"),
        ("dispositions = [2]", "dispositions: must be a text in quotes, not a whole number"),
        ("region = \"brno-mesto\"", "region: `brno-mesto` is a district: write district = \"brno-mesto\""),
        ("region = \"atlantis\"", "region: `atlantis` is no region; see docs/watches.md"),
        ("district = \"praha\"", "district: `praha` is a region: write region = \"praha\""),
        ("district = \"brno\"", "district: `brno` is no district; see docs/watches.md"),
        (
            "district = \"praha-11\"",
            "district: `praha-11` is no district; did you mean `praha-1`? see docs/watches.md",
        ),
        (
            "region = \"praha\"\ndistrict = \"praha-1\"",
            "district: stands beside a region; a watch has one of them",
        ),
        ("price = 3", "price: must be a table like { … }, not a whole number"),
        ("price = {}", "price: is empty; give from, to or both"),
        ("price = { from = 2, to = 1 }", "price: is from 2 to 1, which nothing can be; swap them"),
        ("price = { form = 2, to = 1 }", "price: form: is no key here; known are from, to"),
        (
            "price = { from = -1 }",
            "price: from: must be a whole number from 0 to 9223372036854775807, not -1",
        ),
        (
            "area_m2 = { from = 40.5 }",
            "area_m2: from: must be a whole number from 0 to 2147483647, not a number with a fraction",
        ),
        (
            "price_per_m2 = { to = 99_999_999_999_999_999_999 }",
            "price_per_m2: to: must be a whole number from 0 to 2147483647, not 99999999999999999999",
        ),
        ("drop_percent = 0", "drop_percent: must be from 0.01 to 99.99"),
        ("drop_percent = nan", "drop_percent: must be a finite number"),
        ("drop_percent = 100", "drop_percent: must be from 0.01 to 99.99"),
        ("drop_percent = 1.234", "drop_percent: must have at most two decimals"),
        (
            "drop_percent = 3\nevents = [\"new\"]",
            "drop_percent: is for the event cheaper, which `events` does not name",
        ),
        ("seller = \"bank\"", "seller: `bank` is none of private, agency"),
        ("events = [\"sold\"]", "events: `sold` is none of new, relisted, back, cheaper, dearer, gone"),
        ("events = []", "events: is empty; name at least one"),
        ("language = \"de\"", "language: `de` is none of cs, en"),
        ("digest = \"yes\"", "digest: must be true or false, not a text"),
        ("at_most_per_hour = 0", "at_most_per_hour: must be a whole number from 1 to 1000, not 0"),
        ("near = { latitude = 50.1, longitude = 14.4 }", "near: km: is missing"),
        ("near = { latitude = 50.1, longitude = 14.4, km = inf }", "near: km: must be a finite number"),
        (
            "near = { latitude = 50.1, longitude = 14.4, km = -1 }",
            "near: km: must be more than 0 and at most 500, not -1",
        ),
        (
            "near = { latitude = 14.4, longitude = 50.1, km = 1 }",
            "near: longitude: latitude 14.4 and longitude 50.1 seem swapped",
        ),
        (
            "near = { latitude = 48.2, longitude = 16.4, km = 1 }",
            "near: longitude: latitude 48.2 and longitude 16.4 are not in Czechia (48.5 to 51.1 north, 12 to 18.9 east)",
        ),
        (
            "near = { latitude = 50.1, longitude = 14.4, km = 1, m = 2 }",
            "near: m: is no key here; known are latitude, longitude, km",
        ),
    ] {
        assert_eq!(fault(lines), format!("watch `a`: {expected}"), "{lines}");
    }
}

#[test]
fn a_fault_stands_where_it_is() {
    let text = format!("{LEAST}dispositions = [\n  \"2-kk\",\n  \"š\", \"2-kk\",\n]\n{CHANNELS}");
    let places: Vec<_> =
        Watches::parse(&text).unwrap_err().faults.iter().map(|fault| (fault.line, fault.column)).collect();
    assert_eq!(places, [(8, 3), (8, 8)]);
}

#[test]
fn names_are_short_plain_and_of_one_watch() {
    for name in ["", "Byty", "byty praha", "byty/praha", "žižkov", &"a".repeat(41)] {
        let text = LEAST.replace("\"a\"", &format!("{name:?}"));
        let expected =
            format!("line 2, column 8: watch 1: name: `{name}` must be 1 to 40 characters of a-z, 0-9 and -");
        assert_eq!(faults(&format!("{text}{CHANNELS}")), [expected]);
    }
    let twice = format!("{LEAST}{LEAST}{CHANNELS}");
    assert_eq!(faults(&twice), ["line 6, column 1: watch `a`: name: is the name of an earlier watch too"]);
    assert!(
        Watches::parse(&format!("{LEAST}{CHANNELS}").replace("\"a\"", &format!("{:?}", "a".repeat(40))))
            .is_ok()
    );
}

#[test]
fn channels_are_named_defined_and_never_repeated() {
    assert_eq!(
        faults(LEAST),
        ["line 5, column 13: watch `a`: channels: `phone` is no channel; write [channels.phone]"]
    );
    assert_eq!(
        faults("[channels.\"My Phone\"]\nkind = \"feed\"\n"),
        ["line 1, column 11: channel `My Phone`: its name must be 1 to 40 characters of a-z, 0-9 and -"]
    );
    assert!(faults("channels = 3\n")[0].contains("channels: must be tables: write [channels.name]"));
    let twice = faults(&format!("{CHANNELS}{LEAST}{CHANNELS}"));
    assert_eq!(twice, ["line 9, column 11: channel `phone`: is defined above too"]);
    // A wrong channel is a fault of its own, not one of each watch that names it.
    let wrong = faults(&format!("{LEAST}[channels]\nphone = \"https://ntfy.example/secret\"\n"));
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert!(wrong[0].starts_with("line 7, column 9: channel `phone`: "), "{wrong:?}");
}

#[test]
fn what_is_no_list_of_watches_is_named() {
    assert_eq!(
        faults("[watch]\nname = \"a\"\n"),
        ["line 1, column 1: watch: must be a list of tables: write [[watch]] above each, not a table"]
    );
    assert_eq!(
        faults("watch = [3]\n"),
        ["line 1, column 10: watch 1: must be a table: write [[watch]] above it"]
    );
    assert_eq!(faults("[[watches]]\n"), ["line 1, column 3: watches: is no key here; did you mean `watch`?"]);
}

#[test]
fn what_is_no_toml_is_named_by_line_and_column_without_its_text() {
    let wrong = faults("[channels.phone]\nurl = \"https://ntfy.example/secret\n");
    assert!(wrong[0].starts_with("line 2, column "), "{wrong:?}");
    assert!(!wrong.join(" ").contains("secret"), "{wrong:?}");
    let twice = faults("[channels.phone]\nurl = \"a\"\nurl = \"b\"\n");
    assert_eq!(twice, ["line 3, column 1: duplicate key"]);
}

#[test]
fn at_most_ten_thousand_watches_are_read() {
    let file = |count: usize| {
        let named = |number| LEAST.replace("\"a\"", &format!("\"a-{number}\""));
        (0..count).map(named).collect::<String>() + CHANNELS
    };
    assert_eq!(Watches::parse(&file(MOST_WATCHES)).unwrap().len(), MOST_WATCHES);
    let one_more = faults(&file(MOST_WATCHES + 1));
    assert_eq!(one_more.len(), 1);
    assert!(one_more[0].ends_with("watch: is one more than 10000"), "{one_more:?}");
}

/// docs/watches.md says so instead of listing 87 names.
#[test]
fn a_districts_slug_is_its_name_in_lower_case_without_accents_and_spaces() {
    let plain = |character: char| match character {
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
        other => other,
    };
    for district in DISTRICTS {
        assert_eq!(district.name.to_lowercase().chars().map(plain).collect::<String>(), district.slug);
    }
}

#[test]
fn the_documentation_has_a_right_example_every_key_every_event_and_every_region() {
    let document = include_str!("../../../../docs/watches.md");
    let (_, rest) = document.split_once("```toml\n").unwrap();
    let (example, rest) = rest.split_once("```\n").unwrap();
    assert_eq!(Watches::parse(example).unwrap().len(), 1);
    let known = fault("x-x-x-x-x = 1");
    let (_, keys) = known.split_once("known are ").unwrap();
    let kinds = EventKind::ALL.map(EventKind::name);
    let words = keys.split(", ").chain(kinds).chain(REGIONS.iter().map(|region| region.slug));
    let missing: Vec<_> = words.filter(|word| !rest.contains(&format!("`{word}`"))).collect();
    assert_eq!(missing, Vec::<&str>::new());
}
