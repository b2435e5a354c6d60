//! The queries behind the page, each over the marts. `$1` is the fewest listings that a cell may show; a row is a category, a
//! deal and the JSON of their slice. The overview is about all of them, and names none.

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

/// What a slice is about, and the query that makes it.
pub(super) const QUERIES: &[(&str, &str)] = &[
    ("overview", include_str!("overview.sql")),
    ("places", include_str!("places.sql")),
    ("series", include_str!("series.sql")),
    ("kinds", include_str!("kinds.sql")),
    ("distribution", include_str!("distribution.sql")),
    ("turnover", include_str!("turnover.sql")),
];
