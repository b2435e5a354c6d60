//! No page and no row, whatever its bytes, makes the parsers panic, and what is accepted is within its
//! ranges.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sreality::{Page, PageRows, Row};

fuzz_target!(|text: &str| {
    check(text);
    let rows = PageRows::parse(text.as_bytes(), |_| false);
    if let Ok(page) = Page::parse(text) {
        assert!(rows.unwrap().rows.into_iter().eq(page.results.iter().map(|row| row.get())));
        page.identities().for_each(drop);
        page.results.iter().for_each(|row| check(row.get()));
    }
});

fn check(text: &str) {
    if let Ok(row) = Row::parse(text) {
        assert!(row.hash_id > 0);
        assert!(row.total_price.is_none_or(|price| price > 1));
        assert!(row.areas.area_m2.is_none_or(|area| area > 0));
        assert!(row.name.is_none_or(|name| !name.contains('\0')));
    }
}
