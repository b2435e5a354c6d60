//! Views and functions: what readers see, and the definitions behind it. They hold no rows, so every migration makes
//! them anew from their files, one file each.

use tokio_postgres::Transaction;

use crate::error::{Context, Error};

/// Each view and function after those that it stands on. What is taken out here needs a numbered migration that drops it.
pub(crate) const VIEWS: &[(&str, &str)] = &[
    ("warehouse.category", include_str!("../definitions/category.sql")),
    ("warehouse.deal", include_str!("../definitions/deal.sql")),
    ("warehouse.sub_category", include_str!("../definitions/sub_category.sql")),
    ("warehouse.region", include_str!("../definitions/region.sql")),
    ("warehouse.district", include_str!("../definitions/district.sql")),
    ("warehouse.named_pair", include_str!("../definitions/named_pair.sql")),
    ("warehouse.price_per_m2", include_str!("../definitions/price_per_m2.sql")),
    ("warehouse.advert_url", include_str!("../definitions/advert_url.sql")),
    ("warehouse.covers", include_str!("../definitions/covers.sql")),
    ("warehouse.latest_walk", include_str!("../definitions/latest_walk.sql")),
    ("warehouse.seen_apart", include_str!("../definitions/seen_apart.sql")),
    ("warehouse.last_sighting", include_str!("../definitions/last_sighting.sql")),
    ("warehouse.positions_of", include_str!("../definitions/positions_of.sql")),
    ("warehouse.history_of", include_str!("../definitions/history_of.sql")),
    ("warehouse.opening_price_of", include_str!("../definitions/opening_price_of.sql")),
    ("warehouse.relisting_candidates_of", include_str!("../definitions/relisting_candidates_of.sql")),
    ("warehouse.named_listing", include_str!("../definitions/named_listing.sql")),
    ("warehouse.first_day", include_str!("../definitions/first_day.sql")),
    ("warehouse.offer_day", include_str!("../definitions/offer_day.sql")),
    ("warehouse.lately_offered", include_str!("../definitions/lately_offered.sql")),
    ("warehouse.listing_state_by_definition", include_str!("../definitions/listing_state_by_definition.sql")),
    ("warehouse.stay_by_definition", include_str!("../definitions/stay_by_definition.sql")),
    ("warehouse.turnover_by_definition", include_str!("../definitions/turnover_by_definition.sql")),
    ("warehouse.price_change_by_definition", include_str!("../definitions/price_change_by_definition.sql")),
    ("warehouse.relisting_by_definition", include_str!("../definitions/relisting_by_definition.sql")),
    ("warehouse.event_by_definition", include_str!("../definitions/event_by_definition.sql")),
    ("mart.current_listing", include_str!("../marts/current_listing.sql")),
    ("mart.listing_state", include_str!("../marts/listing_state.sql")),
    ("mart.offer", include_str!("../marts/offer.sql")),
    ("mart.price_history", include_str!("../marts/price_history.sql")),
    ("mart.price_change", include_str!("../marts/price_change.sql")),
    ("mart.price_level", include_str!("../marts/price_level.sql")),
    ("mart.price_per_m2", include_str!("../marts/price_per_m2.sql")),
    ("mart.price_per_m2_overall", include_str!("../marts/price_per_m2_overall.sql")),
    ("mart.rental_yield", include_str!("../marts/rental_yield.sql")),
    ("mart.stay", include_str!("../marts/stay.sql")),
    ("mart.coming_and_going", include_str!("../marts/coming_and_going.sql")),
    ("mart.new_and_gone", include_str!("../marts/new_and_gone.sql")),
    ("mart.relisting", include_str!("../marts/relisting.sql")),
    ("mart.district", include_str!("../marts/district.sql")),
    ("mart.walk_health", include_str!("../marts/walk_health.sql")),
    ("mart.drift", include_str!("../marts/drift.sql")),
    ("mart.segment_health", include_str!("../marts/segment_health.sql")),
    ("mart.quarantine", include_str!("../marts/quarantine.sql")),
    ("mart.delivery", include_str!("../marts/delivery.sql")),
    ("mart.pipeline_check", include_str!("../marts/pipeline_check.sql")),
];

/// Drops them all, where they exist. To be done before the numbered migrations, for Postgres changes no column that a
/// view shows. Without cascade: a view of somebody else's that stands on one of these stops the migration instead of
/// going with it.
pub(crate) async fn drop_all(transaction: &Transaction<'_>) -> Result<(), Error> {
    transaction.batch_execute(&drop_statements()).await.context("drop the views, to make them anew")
}

/// Makes them all.
pub(crate) async fn make_all(transaction: &Transaction<'_>) -> Result<(), Error> {
    for (_, sql) in VIEWS {
        transaction.batch_execute(sql).await.context("make the views and functions")?;
    }
    Ok(())
}

/// One statement for all views and one for all functions: within it the order does not matter. Functions go last, for
/// views call them, and no function reads a view.
fn drop_statements() -> String {
    let (functions, views): (Vec<_>, Vec<_>) = VIEWS
        .iter()
        .partition(|(_, sql)| sql.contains("\ncreate function ") || sql.starts_with("create function "));
    let names = |of: Vec<&(&str, &str)>| of.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    format!("drop view if exists {}; drop function if exists {}", names(views), names(functions))
}
