use proptest::prelude::*;
use proptest::sample::select;
use serde::de::IgnoredAny;

use super::*;

fn spaces() -> impl Strategy<Value = &'static str> {
    select(vec!["", "", "", " ", "\n", "\t\r\n  "])
}

/// A JSON string of what misleads a reader that counts quotes and brackets.
fn string() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "ř",
        "🏠",
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\\\"",
        "\\\\",
        "\\/",
        "\\n",
        "\\u0022",
        "\\ud83c\\udfe0",
        "results",
        "\\\"results\\\":[",
    ];
    prop::collection::vec(select(pieces.to_vec()), 0..6).prop_map(|pieces| format!("\"{}\"", pieces.concat()))
}

/// Any JSON value as text, with spaces in all places.
fn value() -> impl Strategy<Value = String> {
    let words = ["null", "true", "false", "0", "-1", "1.5e+3", "1e999", "100000", "\"\\ud800\"", "{}", "[ ]"];
    let leaf = prop_oneof![select(words.to_vec()).prop_map(str::to_owned), string()];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let item = (spaces(), inner.clone(), spaces()).prop_map(|(a, item, b)| format!("{a}{item}{b}"));
        let member = (spaces(), string(), spaces(), spaces(), inner, spaces())
            .prop_map(|(a, key, b, c, value, d)| format!("{a}{key}{b}:{c}{value}{d}"));
        prop_oneof![
            prop::collection::vec(item, 1..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 1..4).prop_map(|members| format!("{{{}}}", members.join(","))),
        ]
    })
}

/// The text of a page, or of nearly one.
fn page() -> impl Strategy<Value = String> {
    let other = prop_oneof![
        (select(vec!["\"new\"", "\"resultsX\"", "\"re\\u0073ults_\""]), value())
            .prop_map(|(key, value)| format!("{key}:{value}")),
        Just("\"pagination\":{\"limit\":2,\"offset\":0,\"total\":9}".to_owned()),
        Just("\"status_code\" : 200".to_owned()),
        select(vec![
            "\"status_code\":500",
            "\"status_code\":\"x\"",
            "\"re\\u0073ults\":[7]",
            "\"results\":[8]"
        ])
        .prop_map(str::to_owned),
    ];
    let others = || prop::collection::vec(other.clone(), 0..2);
    let row = (spaces(), value(), spaces()).prop_map(|(a, row, b)| format!("{a}{row}{b}"));
    let rows = prop_oneof![
        prop::collection::vec(row, 1..5).prop_map(|rows| format!("[{}]", rows.join(","))),
        select(vec!["[]", "[ \n]"]).prop_map(str::to_owned),
    ];
    (spaces(), others(), spaces(), spaces(), rows, others(), spaces()).prop_map(
        |(a, mut members, b, c, rows, after, d)| {
            members.push(format!("\"results\"{b}:{c}{rows}{d}"));
            members.extend(after);
            format!("{a}{{{a}{}}}{d}", members.join(&format!("{b},{c}")))
        },
    )
}

/// Holds the rows against those of the thorough parser, whichever of them are known.
fn compare(body: &[u8]) -> Result<(), TestCaseError> {
    compare_knowing(body, |_| false)?;
    let is_object = |text: &str| text.starts_with('{') && serde_json::from_str::<IgnoredAny>(text).is_ok();
    compare_knowing(body, is_object)?;
    compare_knowing(body, |text| text.len() % 2 == 0 && is_object(text))
}

fn compare_knowing(body: &[u8], is_known: impl FnMut(&str) -> bool) -> Result<(), TestCaseError> {
    let is_json = |row: &&str| serde_json::from_str::<IgnoredAny>(row).is_ok();
    let found = PageRows::parse(body, is_known);
    let Ok(text) = str::from_utf8(body) else {
        prop_assert!(matches!(found, Err(PageError::NotUtf8)));
        return Ok(());
    };
    match (found, Page::parse(text)) {
        (Ok(found), Ok(page)) => {
            prop_assert_eq!(found.pagination, page.pagination);
            prop_assert!(found.rows.into_iter().eq(page.results.iter().map(|row| row.get())));
        }
        (Ok(found), Err(_)) => prop_assert!(!found.rows.iter().all(is_json), "{:?}", found.rows),
        (Err(error), Ok(_)) => prop_assert!(false, "{}", error),
        (Err(found), Err(expected)) => prop_assert_eq!(found.to_string(), expected.to_string()),
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_page_has_the_rows_that_the_thorough_parser_finds(page in page()) {
        compare(page.as_bytes())?;
    }

    #[test]
    fn a_page_with_a_slip_is_none_unless_the_slip_is_within_a_row(
        page in page(),
        at in 0.0_f64..1.0,
        cut in 0_usize..3,
        slip in prop_oneof![select(b"{}[]\",:\\ 1n".to_vec()).prop_map(|byte| vec![byte]), any::<Vec<u8>>()],
    ) {
        let mut body = page.into_bytes();
        let at = (body.len() as f64 * at) as usize;
        let end = (at + cut).min(body.len());
        body.splice(at..end, slip);
        compare(&body)?;
    }

    #[test]
    fn a_page_that_breaks_off_is_none(page in page(), share in 0.0_f64..1.0) {
        let whole = page.trim_end().len();
        let body = &page.as_bytes()[..(whole as f64 * share) as usize];
        prop_assert!(PageRows::parse(body, |_| false).is_err());
    }

    #[test]
    fn no_bytes_make_it_panic(
        bytes in any::<Vec<u8>>(),
        text in prop::collection::vec(select(vec!["{", "}", "[", "]", "\"", "\\", ",", ":", "results", " ", "1"]), 0..40),
    ) {
        compare(&bytes)?;
        compare(text.concat().as_bytes())?;
        compare(format!("{{\"results\":{}", text.concat()).as_bytes())?;
    }
}

#[test]
fn a_known_row_is_taken_whole_however_its_text_looks_and_others_are_gone_over() {
    let known = r#"{"a":[{"b":1},{"b":2}],"c":"}, {\"a\":"}"#;
    let unknown = r#"{"a":{"d":[{"a":3},{"a":4}]}}"#;
    let rows = [known, unknown, known, unknown, unknown, unknown, unknown, known];
    let body = format!(r#"{{"results":[{}],"x":0}}"#, rows.join(","));
    let mut asked = Vec::new();
    let page = PageRows::parse(body.as_bytes(), |text| {
        asked.push(text.to_owned());
        text == known
    });
    assert_eq!(page.unwrap().rows, rows);
    // What begins like a row within one misleads the guess, and after three wrong guesses no more are made.
    assert_eq!(asked.len(), 6, "{asked:?}");
}

#[test]
fn what_is_wrong_within_a_row_does_not_take_the_page_along() {
    let page = PageRows::parse(br#"{"results":[{"a":tru}, [{]} ,nul]}"#, |_| false).unwrap();
    assert_eq!(page.rows, [r#"{"a":tru}"#, "[{]}", "nul"]);
}

#[test]
fn a_page_of_more_rows_than_a_query_has_is_not_kept() {
    let page = |rows: usize| format!(r#"{{"results":[{}0],"new_key":1}}"#, "0,".repeat(rows - 1));
    assert_eq!(PageRows::parse(page(MOST_ROWS).as_bytes(), |_| false).unwrap().rows.len(), MOST_ROWS);
    for rows in [MOST_ROWS + 1, 1_000_000] {
        assert!(matches!(PageRows::parse(page(rows).as_bytes(), |_| false), Err(PageError::TooManyRows)));
    }
}
