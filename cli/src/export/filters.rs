//! The dashboards' filters as conditions on whatever columns a mart has.

use tokio_postgres::types::ToSql;
use warehouse::MartColumn;

use super::error::Error;
use crate::args::ExportFilters;

/// A value of a condition.
pub(super) type Parameter = Box<dyn ToSql + Sync + Send>;

/// What a time is called, the one first that a mart is about.
const TIMES: &[&str] =
    &["day", "changed_at", "relisted_at", "came_at", "started_at", "first_seen", "noted_at", "loaded_at"];
const PRICES: &[&str] = &["total_price", "new_price"];

/// ` where …` and its values; empty without filters.
///
/// # Errors
/// If the mart has no column that a filter is about.
pub(super) fn condition(
    mart: &str,
    columns: &[MartColumn],
    filters: &ExportFilters,
) -> Result<(String, Vec<Parameter>), Error> {
    let mut conditions = Vec::new();
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut add = |option, candidates: &[&str], operator: &str, parameter: Parameter| {
        let has = |candidate: &&&str| columns.iter().any(|column| column.name == **candidate);
        let Some(column) = candidates.iter().find(has) else {
            let columns = columns.iter().map(|column| column.name.as_str()).collect::<Vec<_>>().join(", ");
            return Err(Error::NotFilterable { mart: mart.to_owned(), option, columns });
        };
        parameters.push(parameter);
        conditions.push(format!("\"{column}\" {}", operator.replace('$', &format!("${}", parameters.len()))));
        Ok(())
    };
    for (option, column, values) in [
        ("--category", "category", &filters.category),
        ("--deal", "deal", &filters.deal),
        ("--region", "region", &filters.region),
        ("--district", "district", &filters.district),
        ("--sub-category", "sub_category", &filters.sub_category),
        ("--segment", "segment", &filters.segment),
    ] {
        if !values.is_empty() {
            add(option, &[column], "= any ($::text[])", Box::new(values.clone()))?;
        }
    }
    if !filters.hash_id.is_empty() {
        add("--hash-id", &["hash_id"], "= any ($::bigint[])", Box::new(filters.hash_id.clone()))?;
    }
    for (option, candidates, operator, value) in [
        ("--min-price", PRICES, ">= $::bigint", filters.min_price),
        ("--max-price", PRICES, "<= $::bigint", filters.max_price),
        ("--min-area", &["area_m2"][..], ">= $::bigint", filters.min_area),
        ("--max-area", &["area_m2"][..], "<= $::bigint", filters.max_area),
    ] {
        if let Some(value) = value {
            add(option, candidates, operator, Box::new(value))?;
        }
    }
    // A date is compared with its midnight in the session's time zone, which is UTC.
    if let Some(day) = filters.since {
        add("--since", TIMES, ">= ($::date)::timestamp at time zone 'UTC'", Box::new(day))?;
    }
    if let Some(day) = filters.until {
        add("--until", TIMES, "< ($::date + 1)::timestamp at time zone 'UTC'", Box::new(day))?;
    }
    let condition = match conditions.is_empty() {
        true => String::new(),
        false => format!(" where {}", conditions.join(" and ")),
    };
    Ok((condition, parameters))
}

/// As statements take them.
pub(super) fn borrowed(parameters: &[Parameter]) -> Vec<&(dyn ToSql + Sync)> {
    parameters.iter().map(|parameter| &**parameter as &(dyn ToSql + Sync)).collect()
}
