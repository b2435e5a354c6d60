//! The walk file, written and read back, whole and damaged.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_compression::tokio::write::ZstdEncoder;
use jiff::Timestamp;
use proptest::prelude::*;
use raw_zone::{Closing, Error, FORMAT, Header, Line, PageRecord, WalkReader, WalkWriter};
use sreality::Age;
use sreality::shape::{Change, Drift};
use tokio::io::{AsyncRead, AsyncWriteExt, BufReader, ReadBuf};
use uuid::Uuid;

fn header() -> Header {
    Header {
        format: FORMAT,
        portal: "http://127.0.0.1:1".to_owned(),
        segment: "flats-sale/praha".parse().unwrap(),
        since: None,
        walk: Uuid::from_u128(7),
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
    let mut writer = WalkWriter::start(Vec::new(), header()).await.unwrap();
    for body in bodies {
        writer.page(page(body)).await.unwrap();
    }
    writer.finish(Closing { complete: true, distinct: 4, ..Closing::default() }).await.unwrap().1
}

/// Reads to the end: the bodies and the closing line.
async fn read(file: &[u8]) -> Result<(Vec<String>, Closing), Error> {
    let mut reader = WalkReader::open(file).await?;
    assert_eq!(reader.header(), &header());
    let mut bodies = Vec::new();
    loop {
        match reader.next().await? {
            Line::Page { line, page } => {
                assert_eq!(line, bodies.len() as u64 + 2);
                bodies.push(page.body.get().to_owned());
            }
            Line::Closing(closing) => return Ok((bodies, closing)),
        }
    }
}

async fn compress(text: &[u8]) -> Vec<u8> {
    let mut encoder = ZstdEncoder::new(Vec::new());
    encoder.write_all(text).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn decompress(file: &[u8]) -> Vec<u8> {
    let mut decoder = async_compression::tokio::bufread::ZstdDecoder::new(file);
    let mut text = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut decoder, &mut text).await.unwrap();
    text
}

#[tokio::test]
async fn bodies_come_back_byte_for_byte() {
    let bodies = [r#"{"results": [ 1,2 ],"x":"ř \" \n \u0000"}"#, "[]", "1.50e+3"];
    let (read_bodies, closing) = read(&write(&bodies).await).await.unwrap();
    assert_eq!(read_bodies, bodies);
    assert_eq!((closing.pages, closing.rows, closing.distinct, closing.complete), (3, 6, 4, true));
}

#[tokio::test]
async fn newlines_between_tokens_become_spaces_and_nothing_else_changes() {
    let (bodies, _) = read(&write(&["{\r\n  \"a\": 1\n}"]).await).await.unwrap();
    assert_eq!(bodies, ["{    \"a\": 1 }"]);
}

#[tokio::test]
async fn a_body_that_is_not_json_is_not_written() {
    let mut writer = WalkWriter::start(Vec::new(), header()).await.unwrap();
    assert!(writer.page(page("<html>")).await.is_err());
}

#[tokio::test]
async fn files_that_are_not_walks_are_refused_with_the_line() {
    let whole = decompress(&write(&["[]"]).await).await;
    let text = String::from_utf8(whole).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let file = |lines: &[&str]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let unfinished_line = format!("{}\n{}", lines[0], lines[1]);

    let cases: [(&str, Vec<u8>, &str); 11] = [
        ("an empty file", Vec::new(), "empty"),
        ("an empty stream", compress(b"").await, "empty"),
        ("plain text", text.clone().into_bytes(), "line 1: the file is not intact zstd"),
        ("another format", compress(b"PK\x03\x04\n").await, "line 1: not a line of a walk file"),
        (
            "no header",
            compress(file(&lines[1..]).as_bytes()).await,
            "line 1: the file does not start with a header",
        ),
        ("no closing line", compress(file(&lines[..2]).as_bytes()).await, "line 3: the file ends without"),
        ("half a line", compress(unfinished_line.as_bytes()).await, "line 2: the file ends without"),
        (
            "a lost page",
            compress(file(&[lines[0], lines[2]]).as_bytes()).await,
            "counts 1 pages, the file has 0",
        ),
        (
            "more after the end",
            compress(file(&[lines[0], lines[1], lines[2], lines[1]]).as_bytes()).await,
            "goes on",
        ),
        (
            "a later version",
            compress(text.replace("\"format\":1", "\"format\":2").as_bytes()).await,
            "format 2 is not known",
        ),
        (
            "of a later version in all its parts",
            compress(b"{\"header\":{\"format\":3,\"planet\":\"Mars\"}}\n").await,
            "format 3 is not known",
        ),
    ];
    for (what, bytes, expected) in cases {
        let error = read(&bytes).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{what}: {error}");
    }
}

#[tokio::test]
async fn what_a_closing_line_cannot_say_is_refused() {
    let drift = Drift { path: "a".to_owned(), change: Change::Appeared, found: "null".to_owned(), rows: 1 };
    for (since, closing, expected) in [
        (Some(Age::Day), Closing { complete: true, ..Closing::default() }, "claims to be complete"),
        (None, Closing { drift: vec![drift; 1001], ..Closing::default() }, "more drift than there can be"),
    ] {
        let writer = WalkWriter::start(Vec::new(), Header { since, ..header() }).await.unwrap();
        let (_, file) = writer.finish(closing).await.unwrap();
        let mut reader = WalkReader::open(file.as_slice()).await.unwrap();
        let error = reader.next().await.unwrap_err().to_string();
        assert!(error.starts_with("line 2: ") && error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn age_drift_refusals_and_disregard_of_robots_come_back_and_files_without_them_are_read() {
    let header = Header { since: Some(Age::Week), robots_disregarded: true, ..header() };
    let drift =
        Drift { path: "a".to_owned(), change: Change::ChangedType, found: "null".to_owned(), rows: 1 };
    let closing = Closing { drift: vec![drift], refusals: Some(7), ..Closing::default() };
    let writer = WalkWriter::start(Vec::new(), header.clone()).await.unwrap();
    let (written, file) = writer.finish(closing).await.unwrap();
    let mut reader = WalkReader::open(file.as_slice()).await.unwrap();
    assert_eq!(reader.header(), &header);
    let Line::Closing(closing) = reader.next().await.unwrap() else { panic!("a page") };
    assert_eq!(closing, written);

    let text = String::from_utf8(decompress(&write(&[]).await).await).unwrap();
    assert!(
        !["since", "robots_disregarded", "drift", "refusals"].iter().any(|key| text.contains(key)),
        "{text}"
    );
}

#[tokio::test]
async fn a_gigabyte_of_zeros_is_refused_before_it_is_unpacked() {
    let mut encoder = ZstdEncoder::new(Vec::new());
    let zeros = vec![0; 1024 * 1024];
    for _ in 0..1024 {
        encoder.write_all(&zeros).await.unwrap();
    }
    encoder.shutdown().await.unwrap();
    let error = read(&encoder.into_inner()).await.unwrap_err();
    assert!(matches!(error, Error::LineTooLong { line: 1, .. }), "{error}");
}

/// A stream that breaks like a network connection.
#[derive(Debug)]
struct Broken;

impl AsyncRead for Broken {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::Error::other("connection reset")))
    }
}

#[tokio::test]
async fn a_broken_connection_is_not_mistaken_for_a_damaged_file() {
    let file = write(&["[]"]).await;
    let half = tokio::io::AsyncReadExt::chain(&file[..file.len() / 2], Broken);
    let opened = WalkReader::open(BufReader::new(half)).await;
    assert!(matches!(opened, Err(Error::Transfer(_))), "{opened:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_cut_file_is_never_taken_for_a_whole_one(share in 0.0_f64..1.0) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let file = write(&["[1]", "[2]", "[3]"]).await;
            let cut = (file.len() as f64 * share) as usize;
            prop_assert!(read(&file[..cut]).await.is_err());
            Ok(())
        })?;
    }

    #[test]
    fn a_flipped_bit_never_makes_the_reader_panic(position in 0.0_f64..1.0, bit in 0_u8..8) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let mut file = write(&["[1]", "[2]", "[3]"]).await;
            let index = (file.len() as f64 * position) as usize;
            file[index] ^= 1 << bit;
            if let Ok(mut reader) = WalkReader::open(file.as_slice()).await {
                while let Ok(Line::Page { .. }) = reader.next().await {}
            }
        });
    }
}
