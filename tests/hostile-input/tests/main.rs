//! The properties, on the corpus and on what becomes of it: cut, doubled, spliced, and with what parsers stumble over.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::fs;
use std::path::{Path, PathBuf};

use hostile_input::{PROPERTIES, Property};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What is put in: ends of ranges, strange text, and the beginnings and ends of things.
const TOKENS: [&str; 30] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\n",
    "\r\n",
    "\0",
    "\u{feff}",
    "\\u0000",
    "\\ud800",
    "null",
    "true",
    "-1",
    "0",
    "1e999",
    "-0.0",
    "9223372036854775808",
    "18446744073709551616",
    "\"results\":[",
    "{\"closing\":",
    "{\"page\":",
    ",\"body\":",
    "}}",
    "%00",
    "%C5",
    "+",
    "User-agent: *\nDisallow: /",
];

/// A change of a text.
#[derive(Clone, Debug)]
enum Mutation {
    Byte(Index, u8),
    Token(Index, &'static str),
    Remove(Index, Index),
    Double(Index, Index),
    /// The end of another text of the corpus, from here on.
    Splice(Index, Index, Index),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(at, byte)| Mutation::Byte(at, byte)),
        (place(), select(&TOKENS[..])).prop_map(|(at, token)| Mutation::Token(at, token)),
        (place(), place()).prop_map(|(from, to)| Mutation::Remove(from, to)),
        (place(), place()).prop_map(|(from, to)| Mutation::Double(from, to)),
        (place(), place(), place()).prop_map(|(at, other, from)| Mutation::Splice(at, other, from)),
    ]
}

impl Mutation {
    fn apply(&self, text: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let length = text.len();
        let at = |place: &Index| place.index(length + 1);
        let range = |from: &Index, to: &Index| at(from).min(at(to))..at(from).max(at(to));
        match self {
            Self::Byte(place, byte) => {
                text.iter_mut().skip(at(place)).take(1).for_each(|there| *there = *byte);
            }
            Self::Token(place, token) => drop(text.splice(at(place)..at(place), token.bytes())),
            Self::Remove(from, to) => drop(text.drain(range(from, to))),
            Self::Double(from, to) => text.extend_from_within(range(from, to)),
            Self::Splice(place, other, from) => {
                let other = &corpus[other.index(corpus.len())];
                text.truncate(at(place));
                text.extend_from_slice(&other[from.index(other.len())..]);
            }
        }
    }
}

/// The texts of a property: those of events are the examples of `tests/events`.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = if name == "event" { here.join("../events") } else { here.join("corpus").join(name) };
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts: Vec<_> =
        files.iter().map(|file| fs::read(file).unwrap()).filter(|text| !text.is_empty()).collect();
    assert!(texts.len() > 1, "{name} has a corpus");
    texts
}

fn holds(name: &str) {
    let (_, property): (_, Property) = PROPERTIES.into_iter().find(|(known, _)| *known == name).unwrap();
    let corpus = corpus(name);
    corpus.iter().for_each(|text| property(text));
    let changes = (any::<Index>(), proptest::collection::vec(mutation(), 1..8));
    let config = ProptestConfig { cases: 4096, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |((first, mutations) in changes)| {
        let mut text = corpus[first.index(corpus.len())].clone();
        mutations.iter().for_each(|mutation| mutation.apply(&mut text, &corpus));
        property(&text);
    });
}

#[test]
fn no_bytes_make_the_row_parser_panic_or_leave_its_ranges() {
    holds("row");
}

#[test]
fn no_bytes_make_the_page_parsers_panic_or_disagree() {
    holds("page");
}

#[test]
fn no_bytes_make_the_robots_parser_panic_or_forbid_by_a_line_that_is_not_there() {
    holds("robots");
}

#[test]
fn no_bytes_make_the_reader_of_walk_files_panic_or_hang() {
    holds("walk-file");
}

#[test]
fn no_bytes_make_the_readers_of_events_panic_or_load_what_is_no_raw_object() {
    holds("event");
}

#[test]
fn every_property_has_its_fuzz_target() {
    let manifest = include_str!("../fuzz/Cargo.toml");
    for (name, _) in PROPERTIES {
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), PROPERTIES.len());
}
