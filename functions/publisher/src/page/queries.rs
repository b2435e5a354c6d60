//! The queries behind the page, each over the marts. `$1` is the fewest listings that a cell may show; a row is a slice's name
//! and its JSON.

/// The market, and the start of its newest complete walk.
pub(super) const AS_OF: &str = "
select
    coalesce((select portal from mart.walk_health where portal is not null order by started_at desc limit 1), ''),
    coalesce(
        to_char(
            (select max(started_at) from mart.walk_health where complete) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'
        ),
        ''
    )";

/// The slices of single listings, which are shown only where the operator wants it.
pub(super) const LISTINGS: &str = include_str!("listings.sql");

/// What the first view needs stands apart from the rest.
pub(super) const QUERIES: &[&str] = &[
    include_str!("overview.sql"),
    include_str!("series.sql"),
    include_str!("places.sql"),
    include_str!("distribution.sql"),
    include_str!("turnover.sql"),
    include_str!("stays.sql"),
    include_str!("changes.sql"),
    include_str!("kinds.sql"),
];
