//! Messages for tests.

use jiff::Timestamp;
use warehouse::EventKind;

use crate::message::{Item, Language, Message};

/// 2026-11-23T03:00:00Z.
const WALKED_AT: i64 = 1_795_402_800;

pub(crate) fn item(number: i64) -> Item {
    Item {
        key: format!("vinohrady/{number}"),
        kind: EventKind::Cheaper,
        hash_id: number,
        happened_at: Timestamp::from_second(WALKED_AT + number).unwrap(),
        title: format!("Byt {number} zlevnil"),
        text: "6 490 000 Kč\n62 m²".to_owned(),
        url: Some(format!("https://www.sreality.cz/{number}")),
        price: Some(6_490_000),
        price_before: Some(6_900_000),
        area_m2: Some(62),
        price_per_m2: None,
        district_median_per_m2: None,
        days_on_market: Some(12),
        lineage: None,
    }
}

pub(crate) fn message(numbers: &[i64]) -> Message {
    Message {
        key: "vinohrady/key".to_owned(),
        watch: "vinohrady".to_owned(),
        language: Language::Cs,
        items: numbers.iter().map(|number| item(*number)).collect(),
        more: 0,
    }
}
