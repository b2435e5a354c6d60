//! The tables that the load keeps for readers: stays, turnover, price changes. What they must hold of a listing follows from
//! its spells, so what has to be written is the difference between what followed before and what follows now.

use jiff::Timestamp;

use crate::copy::CopyRows;
use crate::error::Error;
use crate::history::{ListingPlace, Moment, PriceChange, Spell, Stay, Turnover, price_changes, stays};
use crate::merge::{Merge, Parameter, TurnoverKey, Whereabouts, moment_key};

pub(crate) const STAY: &str = "warehouse.stay (
    hash_id, came_at, category, deal, sub_category, returned, region_id, district_id, last_seen_on, gone_on,
    days_on_market
)";

const REMOVE_STAY: &str = "delete from warehouse.stay where hash_id = $1 and came_at = $2";

const PRICE_CHANGE: &str = "warehouse.price_change (
    hash_id, changed_at, walk_id, category, deal, sub_category, region_id, district_id, area_m2, old_price, new_price
)";

/// The time is compared so that its own index, which leads to every change of a walk, does not come into question.
const REMOVE_PRICE_CHANGE: &str = "
delete from warehouse.price_change
where hash_id = $1 and (changed_at, walk_id) is not distinct from ($2, $3)";

const ADD_TURNOVER: &str = "
insert into warehouse.turnover (category, deal, day, region_id, district_id, new, returned, last_seen, gone)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
on conflict (category, deal, day, region_id, district_id) do update
set (new, returned, last_seen, gone) = (
    turnover.new + excluded.new,
    turnover.returned + excluded.returned,
    turnover.last_seen + excluded.last_seen,
    turnover.gone + excluded.gone
)";

/// What stays took back: a place and day without any leaves no row.
const REMOVE_TURNOVER: &str = "
delete from warehouse.turnover
where category = $1 and deal = $2 and day = $3 and region_id = $4 and district_id = $5
    and new = 0 and returned = 0 and last_seen = 0 and gone = 0";

/// What stays and price changes must become.
#[derive(Default)]
pub(crate) struct Changes {
    new_stays: CopyRows,
    removed_stays: Vec<(i64, Timestamp)>,
    new_price_changes: CopyRows,
    removed_price_changes: Vec<(i64, Moment)>,
}

impl Merge<'_> {
    /// Finds what the kept tables must change for one listing: from what followed of where it was and its spells to what
    /// follows now.
    pub(crate) fn change_kept(
        &mut self,
        hash_id: i64,
        before: Option<(&Whereabouts, &[Spell])>,
        (after, spells): (&Whereabouts, &[Spell]),
        changes: &mut Changes,
    ) {
        let follow = |(whereabouts, spells): (&Whereabouts, &[Spell])| {
            (*whereabouts, stays(spells), price_changes(spells))
        };
        let (was, old_stays, old_changes) = before.map_or((*after, Vec::new(), Vec::new()), follow);
        let (is, new_stays, new_changes) = follow((after, spells));
        let moved = was != is;
        for stay in old_stays.iter().filter(|stay| moved || !new_stays.contains(stay)) {
            self.count(stay, &was.place, -1);
            changes.removed_stays.push((hash_id, stay.came_at));
        }
        for stay in new_stays.iter().filter(|stay| moved || !old_stays.contains(stay)) {
            self.count(stay, &is.place, 1);
            add_stay(&mut changes.new_stays, hash_id, &is.place, stay);
        }
        for change in old_changes.iter().filter(|change| moved || !new_changes.contains(change)) {
            changes.removed_price_changes.push((hash_id, change.moment));
        }
        for change in new_changes.iter().filter(|change| moved || !old_changes.contains(change)) {
            add_price_change(&mut changes.new_price_changes, hash_id, &is, change);
        }
    }

    pub(crate) async fn write_kept(&mut self, mut changes: Changes) -> Result<(), Error> {
        self.each(REMOVE_STAY, &changes.removed_stays, stay_key, "remove stays").await?;
        changes.new_stays.send(&self.transaction, self.prepared, STAY, "copy stays").await?;
        let removed = &changes.removed_price_changes;
        self.each(REMOVE_PRICE_CHANGE, removed, moment_key, "remove price changes").await?;
        changes
            .new_price_changes
            .send(&self.transaction, self.prepared, PRICE_CHANGE, "copy price changes")
            .await
    }

    /// Adds what was counted to the turnover.
    pub(crate) async fn write_turnover(&mut self) -> Result<(), Error> {
        let turnover = std::mem::take(&mut self.found.turnover);
        let mut rows: Vec<(TurnoverKey, Turnover)> =
            turnover.into_iter().filter(|(_, change)| *change != Turnover::default()).collect();
        rows.sort_unstable_by_key(|(key, _)| *key);
        self.each(ADD_TURNOVER, &rows, turnover_row, "count what came and went").await?;
        let less = |turnover: &Turnover| {
            turnover.new.min(turnover.returned).min(turnover.last_seen).min(turnover.gone) < 0
        };
        rows.retain(|(_, turnover)| less(turnover));
        self.each(REMOVE_TURNOVER, &rows, turnover_key, "remove empty rows of turnover").await
    }
}

fn stay_key((hash_id, came_at): &(i64, Timestamp)) -> [Parameter<'_>; 2] {
    [hash_id, came_at]
}

fn turnover_key((key, _): &(TurnoverKey, Turnover)) -> [Parameter<'_>; 5] {
    let (category, deal, day, region, district) = key;
    [category, deal, day, region, district]
}

fn turnover_row((key, turnover): &(TurnoverKey, Turnover)) -> [Parameter<'_>; 9] {
    let (category, deal, day, region, district) = key;
    let Turnover { new, returned, last_seen, gone } = turnover;
    [category, deal, day, region, district, new, returned, last_seen, gone]
}

/// Adds a row of [`STAY`].
pub(crate) fn add_stay(copies: &mut CopyRows, hash_id: i64, place: &ListingPlace, stay: &Stay) {
    copies.row(11);
    copies.add(hash_id);
    copies.add(stay.came_at);
    copies.add(place.category);
    copies.add(place.deal);
    copies.add(place.sub_category);
    copies.add(stay.returned);
    copies.add(place.region_id);
    copies.add(place.district_id);
    copies.add(stay.last_seen_on);
    copies.add(stay.gone_on);
    copies.add(stay.days_on_market);
}

fn add_price_change(copies: &mut CopyRows, hash_id: i64, at: &Whereabouts, change: &PriceChange) {
    copies.row(11);
    copies.add(hash_id);
    copies.add(change.moment.at);
    copies.add(change.moment.walk);
    copies.add(at.place.category);
    copies.add(at.place.deal);
    copies.add(at.place.sub_category);
    copies.add(at.place.region_id);
    copies.add(at.place.district_id);
    copies.add(at.area_m2);
    copies.add(change.old_price);
    copies.add(change.new_price);
}
