//! What the simulated days end with: the market at a glance.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::Client;
use warehouse::Warehouse;

use crate::error::Error;
use crate::market::Market;
use crate::watch;

/// Width of the longest bar in characters.
const BAR: f64 = 36.0;

/// What the run itself has to say.
#[derive(Debug)]
pub struct RunSummary<'a> {
    /// Whose days have passed.
    pub market: Market<'a>,
    /// Whether Postgres is the private one.
    pub private_postgres: bool,
    /// The options that lead to its data.
    pub typed: &'a str,
    /// Where the raw objects lie.
    pub raw_folder: PathBuf,
    /// Rows loaded in this run.
    pub rows: u64,
    /// Time spent loading them.
    pub loading: Duration,
    /// Time spent on everything.
    pub total: Duration,
}

/// Prints the summary from the marts.
///
/// # Errors
/// If they cannot be read.
pub async fn print(warehouse: &mut Warehouse, run: &RunSummary<'_>) -> Result<(), Error> {
    let client = warehouse.client().await?;
    print_segments(client).await?;
    print_regions(client).await?;
    print_price_drops(client).await?;
    if run.market.is_simulated() {
        watch::print_sample(warehouse).await?;
    }
    print_run(warehouse.client().await?, run).await
}

async fn print_segments(client: &Client) -> Result<(), Error> {
    let sql = "
        select lower(category || ', ' || deal), count(*), count(total_price),
            percentile_disc(0.5) within group (order by total_price)
        from mart.current_listing
        group by category, deal
        order by count(*) desc";
    println!("\nListings on offer              count   with price   median price");
    for row in client.query(sql, &[]).await? {
        let (segment, count, priced): (String, i64, i64) = (row.get(0), row.get(1), row.get(2));
        let median: Option<i64> = row.get(3);
        let median = median.map_or("-".to_owned(), |price| format!("{} Kč", thousands(price.unsigned_abs())));
        let count = thousands(count.unsigned_abs());
        let priced = thousands(priced.unsigned_abs());
        println!("  {segment:<26} {count:>8} {priced:>12} {median:>14}");
    }
    Ok(())
}

async fn print_regions(client: &Client) -> Result<(), Error> {
    let sql = "
        with priced as (
            select category, deal, region, price_per_m2
            from mart.current_listing
            where price_per_m2 is not null and region is not null
        ),
        largest as (select category, deal from priced group by category, deal order by count(*) desc limit 1),
        subject as (
            select category, deal from priced where category = 'Byty' and deal = 'Prodej'
            union all
            select category, deal from largest
            limit 1
        )
        select lower(category || ', ' || deal), region,
            (percentile_disc(0.5) within group (order by price_per_m2))::float8
        from priced join subject using (category, deal)
        group by category, deal, region
        order by 3 desc";
    let rows = client.query(sql, &[]).await?;
    let Some(first) = rows.first() else { return Ok(()) };
    let highest: f64 = first.get(2);
    println!("\nMedian price per m², {}", first.get::<_, String>(0));
    for row in &rows {
        let (region, median): (String, f64) = (row.get(1), row.get(2));
        println!("  {region:<22} {:>9} Kč  {}", thousands(whole(median)), bar(median / highest));
    }
    Ok(())
}

async fn print_price_drops(client: &Client) -> Result<(), Error> {
    let sql = "
        select to_char(changed_at at time zone 'UTC', 'FMDD. FMMM.'), name, coalesce(city, district, ''), old_price,
            new_price, percent::float8
        from mart.price_change
        where difference < 0
        order by changed_at::date desc, percent
        limit 5";
    let rows = client.query(sql, &[]).await?;
    if !rows.is_empty() {
        println!("\nLatest price drops");
    }
    for row in rows {
        let (date, name, place): (String, Option<String>, String) = (row.get(0), row.get(1), row.get(2));
        let (old, new, percent): (i64, i64, f64) = (row.get(3), row.get(4), row.get(5));
        let old = thousands(old.unsigned_abs());
        let new = thousands(new.unsigned_abs());
        println!(
            "  {date:>6}  {percent:>6.1} %  {old:>12} → {new:>12} Kč  {}, {place}",
            name.unwrap_or_default()
        );
    }
    Ok(())
}

async fn print_run(client: &Client, run: &RunSummary<'_>) -> Result<(), Error> {
    let sql = "
        select count(*), coalesce(sum(object_bytes), 0)::float8, coalesce(sum(rows_seen), 0)::bigint,
            coalesce(sum(rows_rejected), 0)::bigint
        from warehouse.walk";
    let row = client.query_one(sql, &[]).await?;
    let (walks, bytes, seen, rejected): (i64, f64, i64, i64) =
        (row.get(0), row.get(1), row.get(2), row.get(3));
    let per_second = run.rows as f64 / run.loading.as_secs_f64().max(0.001);
    let seen = thousands(seen.unsigned_abs());
    let mib = bytes / 1024.0 / 1024.0;
    println!("\n{walks} walks in the ledger: {seen} rows, {rejected} rejected, {mib:.1} MiB of raw objects");
    println!(
        "this run loaded {} rows in {:.1} s ({} rows/s), all of it took {:.1} s",
        thousands(run.rows),
        run.loading.as_secs_f64(),
        thousands(whole(per_second)),
        run.total.as_secs_f64(),
    );
    println!("raw objects  {}", run.raw_folder.display());
    if run.market.is_simulated() {
        println!("all of these data are simulated: no listing, price or agency above exists");
    } else {
        println!("these are recorded rows, played once more; nothing was asked from the portal");
    }
    println!("\nWhat next?");
    let commands = next(run);
    let width = commands.iter().map(|(command, _)| command.len()).max().unwrap_or_default();
    for (command, what) in commands {
        println!("  {command:<width$}   {what}");
    }
    Ok(())
}

/// What to do next, and what for.
fn next(run: &RunSummary<'_>) -> [(String, &'static str); 3] {
    let typed = run.typed;
    let seeded = if matches!(run.market, Market::Seeded { .. }) { " --seeded" } else { "" };
    let psql = match run.private_postgres {
        true => format!("cargo run -- psql{seeded}{typed}"),
        false => "psql \"$DATABASE_URL\"".to_owned(),
    };
    let dashboard = match run.market {
        Market::Seeded { .. } => {
            (format!("cargo run -- dashboard --seeded{typed}"), "dashboards, in Superset")
        }
        _ => ("cargo run -- seed".to_owned(), "a quarter of a market, for dashboards"),
    };
    let watches = match run.market.is_simulated() {
        true => (
            format!("cargo run -- watch check {}{seeded}{typed}", watch::SAMPLE),
            "what watches would have told; docs/watches.md",
        ),
        false => ("cargo run".to_owned(), "days of a simulated market"),
    };
    [(psql, "SQL; try: select * from mart.current_listing limit 5;"), dashboard, watches]
}

/// A bar of eighths of a character.
fn bar(share: f64) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = usize::try_from(whole(share.clamp(0.0, 1.0) * BAR * 8.0)).unwrap_or(0);
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS.get(eighths % 8).unwrap_or(&""))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "float to int casts saturate")]
fn whole(number: f64) -> u64 {
    number.round() as u64
}

/// A number with spaces between its groups of three digits.
#[must_use]
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1 000", "1 234 567"]);
    }

    #[test]
    fn bars_grow_with_their_share() {
        assert_eq!(bar(0.0), "");
        assert_eq!(bar(1.0).chars().count(), 36);
        assert_eq!(bar(0.5 / 36.0), "▌");
    }
}
