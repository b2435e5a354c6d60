//! Sightings on their way into the database: one column list for the temporary table, COPY and the upsert.

use sreality::row::Row;
use tokio_postgres::Transaction;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};

use crate::error::{Doing, Error};

/// Where a row stands in its raw object.
const PLACE: &[(&str, Type)] = &[("line", Type::INT8), ("row_index", Type::INT4)];

/// What is sighted beside the attributes.
const SIGHTED: &[(&str, Type)] = &[("hash_id", Type::INT8), ("total_price", Type::INT8)];

/// The attributes of a listing, in the order in which [`attributes`] gives their values.
const ATTRIBUTES: &[(&str, Type)] = &[
    ("category", Type::INT2),
    ("deal", Type::INT2),
    ("sub_category", Type::INT2),
    ("name", Type::TEXT),
    ("area_m2", Type::INT4),
    ("plot_area_m2", Type::INT4),
    ("advertised_price_czk", Type::FLOAT8),
    ("price_unit", Type::INT2),
    ("currency", Type::INT2),
    ("discount", Type::BOOL),
    ("country_id", Type::INT4),
    ("region_id", Type::INT4),
    ("district_id", Type::INT4),
    ("municipality_id", Type::INT4),
    ("quarter_id", Type::INT4),
    ("ward_id", Type::INT4),
    ("street_id", Type::INT4),
    ("city", Type::TEXT),
    ("city_part", Type::TEXT),
    ("street", Type::TEXT),
    ("house_number", Type::TEXT),
    ("street_number", Type::TEXT),
    ("latitude", Type::FLOAT8),
    ("longitude", Type::FLOAT8),
    ("location_precision", Type::TEXT),
    ("city_slug", Type::TEXT),
    ("city_part_slug", Type::TEXT),
    ("street_slug", Type::TEXT),
    ("agency_id", Type::INT4),
    ("agency", Type::TEXT),
    ("images", Type::INT2),
    ("has_video", Type::BOOL),
    ("has_tour", Type::BOOL),
    ("atm_m", Type::INT4),
    ("bus_public_transport_m", Type::INT4),
    ("kindergarten_m", Type::INT4),
    ("medic_m", Type::INT4),
    ("metro_m", Type::INT4),
    ("playground_m", Type::INT4),
    ("post_office_m", Type::INT4),
    ("restaurant_m", Type::INT4),
    ("school_m", Type::INT4),
    ("shop_m", Type::INT4),
    ("small_shop_m", Type::INT4),
    ("train_m", Type::INT4),
    ("vet_m", Type::INT4),
];

/// A row's values in the order of [`ATTRIBUTES`].
fn attributes<'r>(row: &'r Row<'_>) -> Vec<&'r (dyn ToSql + Sync)> {
    let place = &row.locality;
    let [city_slug, city_part_slug, street_slug] = &place.slugs;
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![
        &row.category,
        &row.deal,
        &row.sub_category,
        &row.name,
        &row.areas.area_m2,
        &row.areas.plot_area_m2,
        &row.advertised.czk,
        &row.advertised.unit,
        &row.currency,
        &row.discount,
        &place.country_id,
        &place.region_id,
        &place.district_id,
        &place.municipality_id,
        &place.quarter_id,
        &place.ward_id,
        &place.street_id,
        &place.city,
        &place.city_part,
        &place.street,
        &place.house_number,
        &place.street_number,
        &place.latitude,
        &place.longitude,
        &place.precision,
        city_slug,
        city_part_slug,
        street_slug,
        &row.agency_id,
        &row.agency,
        &row.images,
        &row.has_video,
        &row.has_tour,
    ];
    values.extend(row.distances.iter().map(|distance| distance as &(dyn ToSql + Sync)));
    values
}

fn columns() -> impl Iterator<Item = &'static (&'static str, Type)> {
    PLACE.iter().chain(SIGHTED).chain(ATTRIBUTES)
}

fn names<'n>(columns: impl Iterator<Item = &'n (&'static str, Type)>, prefix: &str) -> String {
    columns.map(|(name, _)| format!("{prefix}{name}")).collect::<Vec<_>>().join(", ")
}

/// Creates the temporary table that a walk's rows are copied into.
pub(crate) async fn create_table(transaction: &Transaction<'_>) -> Result<(), Error> {
    let definitions: Vec<_> = columns().map(|(name, r#type)| format!("{name} {}", r#type.name())).collect();
    let sql = format!("create temporary table copied ({}) on commit drop", definitions.join(", "));
    transaction.batch_execute(&sql).await.doing("create the table of sightings")
}

/// Copies the rows of one page.
pub(crate) async fn copy(
    transaction: &Transaction<'_>,
    line: i64,
    rows: &[(i32, Row<'_>)],
) -> Result<(), Error> {
    let types: Vec<_> = columns().map(|(_, r#type)| r#type.clone()).collect();
    let sql = format!("copy copied ({}) from stdin binary", names(columns(), ""));
    let sink = transaction.copy_in(&sql).await.doing("start to copy rows")?;
    let mut writer = std::pin::pin!(BinaryCopyInWriter::new(sink, &types));
    for (index, row) in rows {
        let place: [&(dyn ToSql + Sync); 4] = [&line, index, &row.hash_id, &row.total_price];
        let values = place.into_iter().chain(attributes(row));
        writer.as_mut().write_raw(values.collect::<Vec<_>>()).await.doing("copy a row")?;
    }
    writer.as_mut().finish().await.doing("finish copying rows")?;
    Ok(())
}

/// Makes sightings of the copied rows: each listing's first one, with the digest of what it says. The others are kept
/// aside as duplicates; returns their number.
pub(crate) async fn separate_duplicates(transaction: &Transaction<'_>) -> Result<u64, Error> {
    let wording = names([("total_price", Type::INT8)].iter().chain(ATTRIBUTES), "");
    let sql = format!(
        "create temporary table sighting on commit drop as
         select *, md5(({wording})::text)::uuid as digest from copied;
         drop table copied;
         create temporary table duplicate on commit drop as
         select later.hash_id, later.digest, later.line, later.row_index
         from sighting as later
         where exists (
             select
             from sighting as earlier
             where earlier.hash_id = later.hash_id
                 and (earlier.line, earlier.row_index) < (later.line, later.row_index)
         );
         delete from sighting using duplicate
         where (sighting.line, sighting.row_index) = (duplicate.line, duplicate.row_index);
         analyze sighting (hash_id)"
    );
    transaction.batch_execute(&sql).await.doing("separate the duplicates")?;
    let count =
        transaction.query_one("select count(*) from duplicate", &[]).await.doing("count duplicates")?;
    Ok(u64::try_from(count.get::<_, i64>(0)).unwrap_or_default())
}

/// Stores new listings, and the attributes of those whose newest sighting this is; what is unchanged is not written.
pub(crate) async fn merge_listings(transaction: &Transaction<'_>, walk: uuid::Uuid) -> Result<u64, Error> {
    let attributes = || ATTRIBUTES.iter();
    let sql = format!(
        "insert into warehouse.listing (hash_id, first_seen, digest, {names})
         select sighting.hash_id, walk.started_at, sighting.digest, {sighted}
         from warehouse.walk
         cross join sighting
         join affected using (hash_id)
         left join warehouse.listing using (hash_id)
         where walk.id = $1 and affected.newest and listing.digest is distinct from sighting.digest
         on conflict (hash_id) do update set (digest, {names}) = (excluded.digest, {excluded})",
        names = names(attributes(), ""),
        sighted = names(attributes(), "sighting."),
        excluded = names(attributes(), "excluded."),
    );
    transaction.execute(&sql, &[&walk]).await.doing("merge the listings")
}
