//! What must hold of every parser, whatever bytes it is given. `tests/main.rs` tries these properties on a corpus and on
//! what becomes of it by mutation; `fuzz/` hands them to libFuzzer.
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a property fails by a panic"
)]

use std::io::Cursor;
use std::time::Duration;

use loader::Action;
use raw_zone::{Line, PREFIX, WalkReader};
use reqwest::Url;
use serde::de::DeserializeOwned;
use sreality::{Page, PageRows, Row};
use sreality_client::robots::Rules;

/// A property of one kind of input.
pub type Property = fn(&[u8]);

/// Every property, by the name of its folder in `corpus/` and of its target in `fuzz/`.
pub const PROPERTIES: [(&str, Property); 5] =
    [("row", row), ("page", page), ("robots", robots), ("walk-file", walk_file), ("event", event)];

/// A row that is accepted is within its ranges.
pub fn row(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else { return };
    let Ok(row) = Row::parse(text) else { return };
    assert!(row.hash_id > 0);
    assert!(row.total_price.is_none_or(|price| price > 1));
    assert!(row.areas.area_m2.is_none_or(|area| area > 0));
    assert!(row.name.is_none_or(|name| !name.contains('\0')));
}

/// The quick parser finds the rows that the thorough one finds, whatever it takes for known.
pub fn page(input: &[u8]) {
    let quick = PageRows::parse(input, |_| false);
    let Ok(text) = str::from_utf8(input) else {
        assert!(quick.is_err());
        return;
    };
    let Ok(page) = Page::parse(text) else { return };
    let quick = quick.unwrap();
    assert!(quick.rows.iter().copied().eq(page.results.iter().map(|row| row.get())));
    let known = PageRows::parse(input, |text| quick.rows.contains(&text)).unwrap();
    assert_eq!(known.rows, quick.rows);
    page.identities().for_each(drop);
    quick.rows.iter().for_each(|text| row(text.as_bytes()));
}

/// A robots.txt never delays for longer than a minute, and forbids by a line that it has.
pub fn robots(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let rules = Rules::parse(&text);
    assert!(rules.crawl_delay() <= Duration::from_secs(60));
    for path in ["/", "/api/v1/estates/search?limit=500&offset=0", "/%C5%BE/*$"] {
        let url = Url::parse(&format!("https://portal.example{path}")).unwrap();
        assert!(rules.forbids(&url).is_none_or(|line| text.contains(line)));
    }
}

/// A walk file is read to its closing line or to an error, compressed or not, and its pages hold to their property.
pub fn walk_file(input: &[u8]) {
    read_walk(input.to_vec());
    read_walk(zstd::bulk::compress(input, 1).unwrap());
}

fn read_walk(file: Vec<u8>) {
    let Ok(mut reader) = WalkReader::open(Cursor::new(file)) else { return };
    while let Ok(Line::Page { page: read, .. }) = reader.next() {
        page(read.body);
    }
}

/// What a function takes for its event it can act on: a key that is loaded lies in the raw zone and is written as it was
/// read.
pub fn event(input: &[u8]) {
    drop(parsed::<collector::Request>(input));
    drop(parsed::<reconciler::Request>(input));
    drop(parsed::<migrator::Event>(input));
    for record in parsed::<loader::Event>(input).into_iter().flat_map(|event| event.records) {
        if let Ok(Action::Load(key)) = record.action("cenovka-raw") {
            let text = key.to_string();
            assert!(text.starts_with(PREFIX));
            assert_eq!(text.parse(), Ok(key));
        }
    }
}

fn parsed<T: DeserializeOwned>(input: &[u8]) -> Option<T> {
    serde_json::from_slice(input).ok()
}
