//! The lake as engines read it: what they answer is what the marts answer.

use std::collections::BTreeMap;
use std::process::Stdio;

use end_to_end::binary;
use end_to_end::world::{BUCKET, World};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::lake::{market, publisher};

/// The saved queries of the dashboards that stand on marts that the lake has.
const SAVED: [&str; 5] = [
    "biggest_price_drops",
    "cheapest_per_district",
    "price_history_of_a_flat",
    "price_per_m2_by_month",
    "raw_row_of_a_listing",
];

/// A Python that has `tests/lake-engines/requirements.txt`, if there is one.
fn python() -> Option<String> {
    let python = runtime::settings::variable("CENOVKA_LAKE_ENGINES");
    if python.is_none() {
        assert!(
            runtime::settings::variable("CI").is_none(),
            "CENOVKA_LAKE_ENGINES must name a Python with tests/lake-engines/requirements.txt"
        );
        eprintln!("skipped: CENOVKA_LAKE_ENGINES names no Python with tests/lake-engines/requirements.txt");
    }
    python
}

/// The SQL of a saved query: all that is indented below `sql: |`.
fn saved(name: &str) -> String {
    let file = binary::workspace().join(format!("superset/assets/queries/{name}.yaml"));
    let text = std::fs::read_to_string(file).unwrap();
    let lines = text.lines().skip_while(|line| *line != "sql: |").skip(1);
    lines.take_while(|line| line.starts_with("  ")).collect::<Vec<_>>().join("\n")
}

/// What Postgres answers, each value as text.
async fn in_postgres(world: &World, sql: &str) -> Vec<Vec<Option<String>>> {
    let rows = world.sql.simple_query(sql).await.unwrap();
    let texts = |row: &tokio_postgres::SimpleQueryRow| {
        (0..row.len()).map(|index| row.get(index).map(str::to_owned)).collect()
    };
    let row = |message: &tokio_postgres::SimpleQueryMessage| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => Some(texts(row)),
        _ => None,
    };
    rows.iter().filter_map(row).collect()
}

/// A value of an engine as Postgres writes it.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => {
            Some(text.strip_suffix(":00").filter(|_| text.contains("+00")).unwrap_or(text).to_owned())
        }
        Value::Number(number) => {
            let text = number.to_string();
            Some(text.strip_suffix(".0").map_or(text.clone(), str::to_owned))
        }
        other => Some(other.to_string()),
    }
}

#[tokio::test]
async fn duckdb_polars_pandas_and_spark_answer_as_the_marts_do() {
    let Some(python) = python() else { return };
    let (world, ..) = market(40, 120).await;
    publisher(&world).publish().await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let queries: BTreeMap<&str, String> = SAVED.into_iter().map(|name| (name, saved(name))).collect();
    let file = folder.path().join("queries.json");
    std::fs::write(&file, serde_json::to_vec(&queries).unwrap()).unwrap();
    let output = Command::new(python)
        .arg(binary::workspace().join("tests/lake-engines/engines.py"))
        .arg(world.bucket_folder())
        .arg(&file)
        .envs(world.environment())
        .env("LAKE_BUCKET", BUCKET)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<BTreeMap<String, Value>> =
        said.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let answers: BTreeMap<String, Value> = answers.into_iter().flatten().collect();

    let by_pair = "
        select category, deal, count(*), sum(total_price), (extract(epoch from min(first_seen)) * 1000000)::bigint
        from mart.current_listing group by category, deal order by category collate \"C\", deal collate \"C\"";
    let row = |row: Vec<Option<String>>| {
        let number = |index: usize| row[index].as_ref().unwrap().parse::<i64>().unwrap();
        json!([row[0], row[1], number(2), number(3), number(4)])
    };
    let expected: Vec<Value> = in_postgres(&world, by_pair).await.into_iter().map(row).collect();
    assert_eq!(expected.len(), 3);
    for engine in ["polars", "pandas", "spark"] {
        assert_eq!(answers[engine], json!(expected), "{engine}");
    }
    for (name, sql) in queries {
        let answer = answers["duckdb"][name].as_array().unwrap();
        let answer: Vec<Vec<Option<String>>> =
            answer.iter().map(|row| row.as_array().unwrap().iter().map(text_of).collect()).collect();
        let mut expected = in_postgres(&world, &sql).await;
        let mut answer = answer;
        // Rows of the same rank may come in any order.
        expected.sort();
        answer.sort();
        assert!(!expected.is_empty(), "{name}");
        assert_eq!(answer, expected, "{name}");
    }
}
