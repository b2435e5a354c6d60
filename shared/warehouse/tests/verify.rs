//! Whatever was loaded, in whatever order: the comparison of walks and tables finds nothing to say, until something is
//! changed by hand.

use std::cell::RefCell;

use proptest::test_runner::TestCaseError;

use crate::any_order::load_all;
use crate::database::differences;
use crate::generated::holds_for_histories;

/// Histories that are tried.
const CASES: u32 = 24;
/// Changes that are tried on each; the next history gets those that follow.
const CHANGES_EACH: usize = 2;

/// Changes to a single row, each of which makes the tables another than the walks say, whatever they say.
const CHANGES: [&str; 15] = [
    "update warehouse.spell set total_price = coalesce(total_price, 0) + 1",
    "update warehouse.spell set first_seen = first_seen - interval '1 microsecond'",
    "update warehouse.spell set (last_seen, last_walk, missing_since, delisted_at)
         = (coalesce(last_seen, first_seen) + interval '1 microsecond', first_walk,
            coalesce(last_seen, first_seen) + interval '1 microsecond', null)",
    "update warehouse.spell set (last_seen, last_walk, next_seen)
         = (coalesce(last_seen, first_seen), coalesce(last_walk, first_walk),
            coalesce(next_seen, first_seen) + interval '1 microsecond')",
    "delete from warehouse.spell",
    "delete from warehouse.listing_version",
    "update warehouse.listing_version set line = line + 1",
    "update warehouse.listing set first_seen = first_seen - interval '1 microsecond'",
    "update warehouse.listing set price_since = price_since - interval '1 microsecond'",
    "update warehouse.listing set name = name || '!'",
    "update warehouse.listing set digest = md5(digest::text)::uuid",
    "update warehouse.walk set complete = not complete",
    "delete from warehouse.extra_sighting",
    "update warehouse.drift set rows = rows + 1",
    "delete from warehouse.drift",
];

#[test]
fn verify_finds_no_difference_in_any_history_and_every_change() {
    let changes = RefCell::new(CHANGES.iter().cycle());
    holds_for_histories(CASES, &async |database, history| {
        load_all(database, &history).await;
        let mut warehouse = database.warehouse();
        let found = differences(&mut warehouse, &history.walks).await;
        if !found.is_empty() {
            return Err(TestCaseError::fail(format!("{found:#?}")));
        }
        database.save().await;
        let changes: Vec<_> = changes.borrow_mut().by_ref().take(CHANGES_EACH).collect();
        for change in changes {
            if database.change_one_row(change).await == 0 {
                continue;
            }
            let found = differences(&mut warehouse, &history.walks).await;
            if found.is_empty() {
                return Err(TestCaseError::fail(format!("not found: {change}")));
            }
            database.restore().await;
        }
        Ok(())
    });
}
