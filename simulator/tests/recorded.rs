//! Recorded rows instead of a market.

use serde_json::Value;
use simulator::{Market, RecordedRows, RecordedRowsError, Simulator, Source};

use crate::{ANY_PORT, FLATS_SALE, ask, recorded_files, search, total};

#[tokio::test]
async fn recorded_rows_are_served_as_they_stand_in_their_files() {
    let Some(files) = recorded_files() else { return };
    let recorded = RecordedRows::read(&files).unwrap();
    let (rows, segments) = (recorded.len(), recorded.segments());
    assert!(rows >= 75 && segments.iter().any(|segment| segment.to_string() == "land-share"));
    let simulator = Simulator::start(Source::Rows(recorded), ANY_PORT).await.unwrap();
    let served = ask(&simulator, "/api/v1/estates/search?limit=1000").await.unwrap().text().await.unwrap();
    let page: Value = serde_json::from_str(&served).unwrap();
    assert_eq!(page["pagination"]["total"], rows);
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let first = &text[text.find("\"results\"").unwrap()..];
        let first = &first[first.find('{').unwrap()..first.find("\"locality\"").unwrap()];
        assert!(served.contains(first), "{}", file.display());
    }
}

#[tokio::test]
async fn recorded_rows_can_be_an_answer_or_an_array_and_are_filtered_like_the_market() {
    let row = |hash_id: u64, sub: i16, district: i32| {
        format!(
            "{{\"category_main_cb\": {{\"name\": \"Byty\", \"value\": 1}},\n  \"category_type_cb\": {{\"value\": 1}}, \
             \"category_sub_cb\": {{\"value\": {sub}}}, \"hash_id\": {hash_id}, \"price_czk\": 1.50e6, \
             \"locality\": {{\"region_id\": 10, \"district_id\": {district}}}}}"
        )
    };
    let folder = std::env::temp_dir().join(format!("simulator-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: String| {
        std::fs::write(folder.join(name), text).unwrap();
        folder.join(name)
    };
    let array = file("array.json", format!(" [{}]", row(12, 4, 5001)));
    let answer = file("answer.json", format!("{{\"status_code\": 200, \"results\": [{}]}}", row(28, 6, 47)));
    let broken = file("broken.json", "{\"rows\": []}".to_owned());
    let odd = file("odd.json", "[{\"hash_id\": 12}]".to_owned());

    let recorded = RecordedRows::read(&[array, answer]).unwrap();
    assert_eq!(recorded.segments().iter().map(ToString::to_string).collect::<Vec<_>>(), ["flats-sale"]);
    let error = RecordedRows::read(&[broken]).unwrap_err();
    assert!(matches!(error, RecordedRowsError::Format { .. }) && error.to_string().contains("broken.json"));
    let error = RecordedRows::read(&[odd]).unwrap_err();
    assert!(
        matches!(error, RecordedRowsError::Row { index: 0, .. }) && error.to_string().contains("odd.json")
    );
    let error = RecordedRows::read(&[folder.join("absent.json")]).unwrap_err();
    assert!(matches!(error, RecordedRowsError::Read { .. }) && error.to_string().contains("absent.json"));

    let simulator = Simulator::start(Source::Rows(recorded), ANY_PORT).await.unwrap();
    assert_eq!(total(&simulator, FLATS_SALE).await, 2);
    assert_eq!(total(&simulator, "locality_district_id=47").await, 2);
    assert_eq!(total(&simulator, "locality_district_id=5001").await, 1);
    let page = search(&simulator, "category_sub_cb=6").await;
    assert_eq!(page["results"][0]["hash_id"], 28);
    simulator.advance_to(5);
    assert_eq!(simulator.with_market(Market::day), None);
    std::fs::remove_dir_all(folder).unwrap();
}
