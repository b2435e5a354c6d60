//! How events are read, wherever they stand.

use tokio_postgres::Row;

use crate::event::{Event, EventKind, EventListing};

/// What an event's listing says now, but for what only its message tells.
pub(crate) const LISTING: &str = "
    listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id, listing.name,
    listing.city, listing.city_part, listing.street, listing.area_m2, listing.latitude, listing.longitude,
    listing.agency_id, listing.first_seen, listing.url, warehouse.price_per_m2(fact.price, listing.area_m2)";

/// What is told of it.
pub(crate) const FACT: &str = "
    fact.event_id, fact.kind, fact.hash_id, fact.spell, fact.happened_at, fact.price_before, fact.price,
    fact.relisted_from";

/// The listing of each fact.
pub(crate) const LOOK_UP: &str = "
cross join lateral (
    select * from warehouse.named_listing where named_listing.hash_id = fact.hash_id limit 1
) as listing";

/// The event that a row tells from a column on; the table holds no other kinds.
pub(crate) fn event(row: &Row, at: usize) -> Option<Event> {
    Some(Event {
        id: row.get(at),
        kind: EventKind::of(row.get(at + 1))?,
        hash_id: row.get(at + 2),
        spell: row.get(at + 3),
        happened_at: row.get(at + 4),
        price_before: row.get(at + 5),
        price: row.get(at + 6),
        relisted_from: row.get(at + 7),
        listing: EventListing {
            category: row.get(at + 8),
            deal: row.get(at + 9),
            sub_category: row.get(at + 10),
            region_id: row.get(at + 11),
            district_id: row.get(at + 12),
            name: row.get(at + 13),
            city: row.get(at + 14),
            city_part: row.get(at + 15),
            street: row.get(at + 16),
            area_m2: row.get(at + 17),
            latitude: row.get(at + 18),
            longitude: row.get(at + 19),
            agency_id: row.get(at + 20),
            first_seen: row.get(at + 21),
            url: row.get(at + 22),
            price_per_m2: row.get::<_, Option<i64>>(at + 23).and_then(|price| i32::try_from(price).ok()),
            district_median_per_m2: None,
            lineage: None,
        },
    })
}
