//! `cenovka export`: files that say what the marts say.

use std::path::Path;
use std::process::Stdio;

use calamine::{Data, Reader, Xlsx, open_workbook};
use end_to_end::World;
use end_to_end::binary;
use parquet::file::reader::{FileReader, SerializedFileReader};
use tokio::process::Command;

use crate::lake::{Table, in_postgres, market, table_of};

/// Every mart that an analyst sees.
async fn marts(world: &World) -> Vec<String> {
    let sql = "
        select relname::text from pg_class where relnamespace = 'mart'::regnamespace and relkind in ('v', 'r') order by 1";
    world.sql.query(sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// What the command prints, or what it complains of.
async fn export(world: &World, folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let mut environment = world.environment_with(&[("DATABASE_URL", &world.database.url("analyst"))]);
    environment.push(("CENOVKA_DATA_DIR".to_owned(), folder.join("data").display().to_string()));
    let output = Command::new(binary::built("cenovka"))
        .arg("export")
        .args(arguments)
        .envs(environment)
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    if output.status.success() { Ok(output.stdout) } else { Err(String::from_utf8(output.stderr).unwrap()) }
}

/// A sheet in the notation of [`Table`], by the types of the mart's columns.
fn sheet(path: &Path, mart: &Table) -> Table {
    let mut workbook: Xlsx<_> = open_workbook(path).unwrap();
    let range = workbook.worksheet_range_at(0).unwrap().unwrap();
    let mut rows = range.rows();
    let columns = rows.next().unwrap().iter().map(ToString::to_string).collect();
    let cell = |value: &Data, index: usize| match value {
        Data::Empty => "null".to_owned(),
        Data::String(text) => format!("\"{text}\""),
        Data::Bool(value) => value.to_string(),
        Data::DateTime(at) => {
            // Days since the end of 1899, of which 1970 is the 25 569th.
            let seconds = ((at.as_f64() - 25_569.0) * 86_400.0).round() as i64;
            if mart.types[index] == "date" { (seconds / 86_400).to_string() } else { seconds.to_string() }
        }
        Data::Float(value) if mart.is_double(index) => format!("{value:?}"),
        Data::Float(value) => format!("{value}"),
        Data::Int(value) if mart.is_double(index) => format!("{value}.0"),
        Data::Int(value) => value.to_string(),
        other => panic!("no cell of a mart is {other:?}"),
    };
    let width = mart.columns.len();
    let row =
        |row: &[Data]| (0..width).map(|index| cell(row.get(index).unwrap_or(&Data::Empty), index)).collect();
    Table { columns, rows: rows.map(row).collect(), types: mart.types.clone() }.sorted()
}

/// Sheets have times to the second.
fn in_seconds(mut table: Table) -> Table {
    for row in &mut table.rows {
        for (index, cell) in row.iter_mut().enumerate() {
            if table.types[index] == "timestamp with time zone" && cell != "null" {
                *cell = cell.parse::<i64>().unwrap().div_euclid(1_000_000).to_string();
            }
        }
    }
    table.sorted()
}

/// CSV in the notation of [`Table`].
fn csv(bytes: &[u8], mart: &Table) -> Table {
    let text = std::str::from_utf8(bytes).unwrap();
    let mut records = Vec::new();
    let (mut record, mut field, mut quoted, mut was_quoted) = (Vec::new(), String::new(), false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => (quoted, was_quoted) = (!quoted, true),
            ',' | '\n' if !quoted => {
                record.push((std::mem::take(&mut field), std::mem::take(&mut was_quoted)));
                if letter == '\n' {
                    records.push(std::mem::take(&mut record));
                }
            }
            _ => field.push(letter),
        }
    }
    assert!(record.is_empty() && !quoted, "the last line ends");
    let columns = records.remove(0).into_iter().map(|(name, _)| name).collect();
    let cell = |(index, (text, quoted)): (usize, (String, bool))| match mart.types[index].as_str() {
        _ if text.is_empty() && !quoted => "null".to_owned(),
        "text" | "uuid" | "text[]" => format!("\"{text}\""),
        "date" => {
            let day: jiff::civil::Date = text.parse().unwrap();
            (day.duration_since(jiff::civil::date(1970, 1, 1)).as_hours() / 24).to_string()
        }
        "timestamp with time zone" => text.parse::<jiff::Timestamp>().unwrap().as_microsecond().to_string(),
        _ if mart.is_double(index) => format!("{:?}", text.parse::<f64>().unwrap()),
        _ => text,
    };
    let rows = records.into_iter().map(|record| record.into_iter().enumerate().map(cell).collect()).collect();
    Table { columns, rows, types: mart.types.clone() }.sorted()
}

#[tokio::test]
async fn every_cell_of_every_mart_is_in_csv_parquet_and_xlsx() {
    let (world, ..) = market(20, 60).await;
    let folder = tempfile::tempdir().unwrap();
    let marts = marts(&world).await;
    assert!(marts.len() > 15);
    for name in &marts {
        let mart = in_postgres(&world, name).await;
        let printed = export(&world, folder.path(), &[name]).await.unwrap();
        let printed = csv(&printed, &mart);
        // What tells the hours since the last walk says something else each time.
        if name == "segment_health" || name == "pipeline_check" {
            assert_eq!((printed.columns, printed.rows.len()), (mart.columns, mart.rows.len()), "{name}");
            continue;
        }
        assert_eq!(printed, mart, "{name} as csv");
        let file = folder.path().join("mart.parquet");
        export(&world, folder.path(), &[name, "--output", "mart.parquet"]).await.unwrap();
        let reader = SerializedFileReader::new(std::fs::File::open(&file).unwrap()).unwrap();
        let mut parquet = table_of(reader.get_row_iter(None).unwrap(), &mart.types);
        if parquet.rows.is_empty() {
            parquet.columns.clone_from(&mart.columns);
        }
        assert_eq!(parquet.sorted(), mart, "{name} as parquet");
        export(&world, folder.path(), &[name, "--output", "mart.xlsx"]).await.unwrap();
        assert_eq!(sheet(&folder.path().join("mart.xlsx"), &mart), in_seconds(mart), "{name} as xlsx");
    }
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "nothing else is left: {left:?}");
}

#[tokio::test]
async fn each_filter_acts_and_one_that_does_not_fit_is_refused_by_name() {
    let (world, ..) = market(12, 36).await;
    let folder = tempfile::tempdir().unwrap();
    let one = "select hash_id, region, district, sub_category, total_price, area_m2, first_seen::date::text
        from mart.current_listing where district is not null and total_price is not null and area_m2 is not null
            and sub_category is not null order by hash_id limit 1";
    let one = world.sql.query_one(one, &[]).await.unwrap();
    let (hash_id, price, area) = (one.get::<_, i64>(0), one.get::<_, i64>(4), one.get::<_, i32>(5));
    let text = |index: usize| one.get::<_, String>(index);
    // Days are those of UTC, whatever the server thinks.
    world.sql.batch_execute("alter role analyst set timezone = 'Europe/Prague'").await.unwrap();
    for (option, operator) in [("--since", ">="), ("--until", "<=")] {
        let printed = export(&world, folder.path(), &["walk_health", option, "2026-01-05"]).await.unwrap();
        let rows = String::from_utf8(printed).unwrap().lines().count() as i64 - 1;
        let sql = format!("select count(*) from mart.walk_health where day {operator} '2026-01-05'");
        assert_eq!(rows, world.count(&sql).await, "{option}");
    }
    for (arguments, condition) in [
        (
            vec!["--category", "Byty", "--deal", "Pronájem"],
            "category = 'Byty' and deal = 'Pronájem'".to_owned(),
        ),
        (
            vec!["--sub-category", "1+kk", "--sub-category", "2+kk"],
            "sub_category in ('1+kk', '2+kk')".to_owned(),
        ),
        (vec!["--region", &text(1)], format!("region = '{}'", text(1))),
        (vec!["--district", &text(2)], format!("district = '{}'", text(2))),
        (vec!["--sub-category", &text(3)], format!("sub_category = '{}'", text(3))),
        (vec!["--segment", "houses-sale"], "segment = 'houses-sale'".to_owned()),
        (vec!["--hash-id", &hash_id.to_string()], format!("hash_id = {hash_id}")),
        (vec!["--min-price", &price.to_string()], format!("total_price >= {price}")),
        (vec!["--max-price", &price.to_string()], format!("total_price <= {price}")),
        (vec!["--min-area", &area.to_string()], format!("area_m2 >= {area}")),
        (vec!["--max-area", &area.to_string()], format!("area_m2 <= {area}")),
        (vec!["--since", "2026-01-03"], "first_seen >= '2026-01-03T00:00:00Z'".to_owned()),
        (vec!["--until", "2026-01-03"], "first_seen < '2026-01-04T00:00:00Z'".to_owned()),
        (vec!["--district", "'; drop schema mart cascade; --"], "false".to_owned()),
    ] {
        let all = [&["current_listing"][..], &arguments].concat();
        let lines = export(&world, folder.path(), &all).await.unwrap();
        let rows = String::from_utf8(lines).unwrap().lines().count() - 1;
        let expected =
            world.count(&format!("select count(*) from mart.current_listing where {condition}")).await;
        assert_eq!(rows as i64, expected, "{arguments:?}");
        assert!(
            condition == "false" || expected < world.count("select count(*) from mart.current_listing").await
        );
    }
    for (arguments, complaint) in [
        (
            &["walk_health", "--region", "x"][..],
            "mart.walk_health has no column that --region could filter: it has walk_id",
        ),
        (&["listings"], "there is no mart listings; there are coming_and_going, current_listing"),
        (&["stay", "--output", "stay.txt"], "stay.txt has no ending that names a format"),
        (&["stay", "--output", "missing/stay.csv"], "could not write missing/stay.csv"),
    ] {
        let error = export(&world, folder.path(), arguments).await.unwrap_err();
        assert!(error.contains(complaint), "{error}");
    }
}
