//! The walk file, written and read back, whole and damaged.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::io::{self, BufReader, Cursor, Read, Write};

use jiff::Timestamp;
use proptest::prelude::*;
use raw_zone::{Error, Line, PageRecord, WalkReader, WalkWriter};
use sreality::Age;
use sreality::shape::{Change, Drift};
use sreality::walk::{Ending, Walk};
use uuid::Uuid;

fn walk() -> Walk {
    Walk {
        portal: "http://127.0.0.1:1".to_owned(),
        market: "127.0.0.1:1".to_owned(),
        segment: "flats-sale/praha".parse().unwrap(),
        since: None,
        id: Uuid::from_u128(7),
        software: "cenovka/0.1.0".to_owned(),
        started_at: "2026-11-22T05:00:00Z".parse().unwrap(),
        announced: 4,
        robots_disregarded: false,
    }
}

fn page(body: &str) -> PageRecord {
    PageRecord {
        url: "http://127.0.0.1:1/api?offset=0".to_owned(),
        status: 200,
        fetched_at: Timestamp::UNIX_EPOCH,
        duration_ms: 12,
        body: body.to_owned(),
        rows: 2,
    }
}

async fn write(bodies: &[&str]) -> Vec<u8> {
    let mut writer = WalkWriter::start(Vec::new(), &walk()).await.unwrap();
    for body in bodies {
        writer.page(page(body)).await.unwrap();
    }
    writer.finish(Ending { complete: true, distinct: 4, ..Ending::default() }).await.unwrap().1
}

/// Reads to the end: the bodies and the closing line.
fn read(file: &[u8]) -> Result<(Vec<String>, Ending), Error> {
    let mut reader = WalkReader::open(Cursor::new(file.to_vec()))?;
    assert_eq!(reader.walk(), &walk());
    let mut bodies = Vec::new();
    loop {
        match reader.next()? {
            Line::Page { line, page } => {
                assert_eq!(line, bodies.len() as u64 + 2);
                bodies.push(String::from_utf8(page.body.to_vec()).unwrap());
            }
            Line::Closing(closing) => return Ok((bodies, closing)),
        }
    }
}

fn compress(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 3).unwrap()
}

fn decompress(file: &[u8]) -> Vec<u8> {
    zstd::decode_all(file).unwrap()
}

#[tokio::test]
async fn bodies_come_back_byte_for_byte() {
    let bodies = [r#"{"results": [ 1,2 ],"x":"ř \" \n \u0000"}"#, "[]", "1.50e+3"];
    let (read_bodies, closing) = read(&write(&bodies).await).unwrap();
    assert_eq!(read_bodies, bodies);
    assert_eq!((closing.pages, closing.rows, closing.distinct, closing.complete), (3, 6, 4, true));
}

#[tokio::test]
async fn newlines_between_tokens_become_spaces_and_nothing_else_changes() {
    let (bodies, _) = read(&write(&["{\r\n  \"a\": 1\n}"]).await).unwrap();
    assert_eq!(bodies, ["{    \"a\": 1 }"]);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_not_written() {
    let mut writer = WalkWriter::start(Vec::new(), &walk()).await.unwrap();
    assert!(writer.page(page("<html>")).await.is_err());
}

#[tokio::test]
async fn files_that_are_not_walks_are_refused_with_the_line() {
    let whole = decompress(&write(&["[]"]).await);
    let text = String::from_utf8(whole).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let file = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let unfinished_line = format!("{}\n{}", lines[0], lines[1]);

    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("an empty file", Vec::new(), "empty"),
        ("an empty stream", compress(b""), "empty"),
        ("plain text", text.clone().into_bytes(), "line 1: the file is not intact zstd"),
        ("another format", compress(b"PK\x03\x04\n"), "line 1: not a line of a walk file"),
        (
            "no header",
            compress(file(&lines[1..]).as_bytes()),
            "line 1: the file does not start with a header",
        ),
        ("no closing line", compress(file(&lines[..2]).as_bytes()), "line 3: the file ends without"),
        ("half a line", compress(unfinished_line.as_bytes()), "line 2: the file ends without"),
        ("a lost page", compress(file(&[lines[0], lines[2]]).as_bytes()), "counts 1 pages, the file has 0"),
        (
            "more after the end",
            compress(file(&[lines[0], lines[1], lines[2], lines[1]]).as_bytes()),
            "goes on",
        ),
        (
            "a later version",
            compress(text.replace("\"format\":1", "\"format\":2").as_bytes()),
            "format 2 is not known",
        ),
        (
            "of a later version in all its parts",
            compress(b"{\"header\":{\"format\":3,\"planet\":\"Mars\"}}\n"),
            "format 3 is not known",
        ),
    ];
    for (what, bytes, expected) in cases {
        let error = read(&bytes).unwrap_err().to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

#[tokio::test]
async fn what_a_closing_line_cannot_say_is_refused() {
    let drift = Drift { path: "a".to_owned(), change: Change::Appeared, found: "null".to_owned(), rows: 1 };
    for (since, closing, expected) in [
        (Some(Age::Day), Ending { complete: true, ..Ending::default() }, "claims to be complete"),
        (None, Ending { drift: vec![drift; 1001], ..Ending::default() }, "more drift than there can be"),
    ] {
        let writer = WalkWriter::start(Vec::new(), &Walk { since, ..walk() }).await.unwrap();
        let (_, file) = writer.finish(closing).await.unwrap();
        let mut reader = WalkReader::open(Cursor::new(file)).unwrap();
        let error = reader.next().unwrap_err().to_string();
        assert!(error.starts_with("line 2: ") && error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn age_drift_refusals_and_disregard_of_robots_come_back_and_files_without_them_are_read() {
    let facts = Walk { since: Some(Age::Week), robots_disregarded: true, ..walk() };
    let drift =
        Drift { path: "a".to_owned(), change: Change::ChangedType, found: "null".to_owned(), rows: 1 };
    let closing = Ending { drift: vec![drift], refusals: Some(7), ..Ending::default() };
    let writer = WalkWriter::start(Vec::new(), &facts).await.unwrap();
    let (written, file) = writer.finish(closing).await.unwrap();
    let mut reader = WalkReader::open(Cursor::new(file)).unwrap();
    assert_eq!(reader.walk(), &facts);
    let Line::Closing(closing) = reader.next().unwrap() else { panic!("a page") };
    assert_eq!(closing, written);

    let text = String::from_utf8(decompress(&write(&[]).await)).unwrap();
    assert!(
        !["since", "robots_disregarded", "drift", "refusals"].iter().any(|key| text.contains(key)),
        "{text}"
    );
}

#[test]
fn a_gigabyte_of_zeros_is_refused_before_it_is_unpacked() {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..1024 {
        encoder.write_all(&zeros).unwrap();
    }
    let error = read(&encoder.finish().unwrap()).unwrap_err();
    assert!(matches!(error, Error::LineTooLong { line: 1, .. }), "{error}");
}

#[tokio::test]
async fn a_window_beyond_the_limit_is_refused() {
    let text = decompress(&write(&["[]"]).await);
    for (window_log, refused) in [(23, false), (24, true)] {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.window_log(window_log).unwrap();
        encoder.write_all(&text).unwrap();
        let read = read(&encoder.finish().unwrap());
        assert_eq!(matches!(read, Err(Error::Compression { line: 1, .. })), refused, "{read:?}");
    }
}

#[tokio::test]
async fn bytes_after_the_end_of_the_compression_are_read_as_well() {
    let file = write(&["[]"]).await;
    for (more, expected) in [
        (b"more".to_vec(), "line 4: the file is not intact zstd"),
        (compress(b"{}\n"), "the file goes on after its closing line"),
    ] {
        let error = read(&[file.clone(), more].concat()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(read(&[file.clone(), compress(b"")].concat()).is_ok());
}

#[tokio::test]
async fn a_page_whose_body_is_not_its_last_key_is_damaged() {
    let text = String::from_utf8(decompress(&write(&[r#"[1,2]"#]).await)).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let head = r#""url":"u","status":200,"fetched_at":"1970-01-01T00:00:00Z","duration_ms":12"#;
    for (line, expected) in [
        (format!(r#"{{"page":{{{head},"body":[1]}}}}"#), None),
        (format!(r#"{{"page":{{{head},"new":[{{}},","],"body":[1]}}}}"#), None),
        (format!(r#"{{"page":{{"body":[1],{head}}}}}"#), Some("line 2: a page without a body")),
        (
            format!(r#"{{"page":{{"x":1,"body":[1],{head}}}}}"#),
            Some("line 2: not a line of a walk file: missing"),
        ),
        (
            format!(r#"{{"page":{{{head},"x":{{"y":1,"body":2}},"body":[1]}}}}"#),
            Some("line 2: not a line of"),
        ),
        (format!(r#"{{"page": {{{head},"body":[1]}} }}"#), Some("line 2: a page without an end")),
        (format!(r#"{{"page":{{{head}}}}}"#), Some("line 2: a page without a body")),
        (head.to_owned(), Some("line 2: not a page")),
        (lines[0].to_owned(), Some("line 2: not a page")),
    ] {
        let file = compress(format!("{}\n{line}\n{}\n", lines[0], lines[2]).as_bytes());
        match (read(&file), expected) {
            (Ok((bodies, _)), None) => assert_eq!(bodies, ["[1]"]),
            (Err(error), Some(expected)) => {
                assert!(error.to_string().starts_with(expected), "{line}: {error}");
            }
            (read, _) => panic!("{line}: {read:?}"),
        }
    }
}

#[tokio::test]
async fn lines_shorter_and_longer_than_the_readers_buffer_come_back_whole() {
    const MIB: usize = 1024 * 1024;
    let lengths = [10, MIB - 200, MIB, 3, 5 * MIB + 1, MIB / 3, MIB / 3, MIB / 3, 16 * MIB, 7, 2 * MIB];
    let bodies = lengths.map(|length| {
        let digits: Vec<_> = (0..length).map(|at| b'0' + (at * at / 7 % 10) as u8).collect();
        format!("\"{}\"", String::from_utf8(digits).unwrap())
    });
    let bodies: Vec<_> = bodies.iter().map(String::as_str).collect();
    let file = write(&bodies).await;
    assert!(read(&file).unwrap().0 == bodies);
    // However small the pieces are that the input comes in.
    let mut reader = WalkReader::open(BufReader::with_capacity(99, Cursor::new(file))).unwrap();
    for body in bodies {
        let Line::Page { page, .. } = reader.next().unwrap() else { panic!("no page") };
        assert!(page.body == body.as_bytes());
    }
}

/// A stream that breaks like a network connection.
#[derive(Debug)]
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("connection reset"))
    }
}

#[tokio::test]
async fn a_broken_connection_is_not_mistaken_for_a_damaged_file() {
    let file = write(&["[]"]).await;
    let half = Cursor::new(file[..file.len() / 2].to_vec()).chain(Broken);
    let opened = WalkReader::open(BufReader::new(half));
    assert!(matches!(opened, Err(Error::Transfer(_))), "{opened:?}");
    let opened = WalkReader::open(BufReader::new(Broken));
    assert!(matches!(opened, Err(Error::Transfer(_))), "{opened:?}");
}

/// A file of three pages.
fn three_pages() -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(write(&["[1]", "[2]", "[3]"]))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_cut_file_is_never_taken_for_a_whole_one(share in 0.0_f64..1.0) {
        let file = three_pages();
        let cut = (file.len() as f64 * share) as usize;
        prop_assert!(read(&file[..cut]).is_err());
    }

    #[test]
    fn a_flipped_bit_never_makes_the_reader_panic(position in 0.0_f64..1.0, bit in 0_u8..8) {
        let mut file = three_pages();
        let index = (file.len() as f64 * position) as usize;
        file[index] ^= 1 << bit;
        if let Ok(mut reader) = WalkReader::open(Cursor::new(file)) {
            while let Ok(Line::Page { .. }) = reader.next() {}
        }
    }
}
