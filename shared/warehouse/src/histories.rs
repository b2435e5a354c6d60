//! The histories that a walk changes: read by key, thought over in `history`, and written where they differ.

use std::collections::HashSet;

use jiff::Timestamp;
use uuid::Uuid;

use crate::copy::{CopyRows, FULL};
use crate::error::Error;
use crate::history::{Coverage, History, Moment, Said, Sighting, Spell, happening, with_walk};
use crate::known::{KnownHistory, Reading};
use crate::merge::{Affected, CoveringWalks, Merge, Parameter, Unchanged, moment_key};

/// So many histories are in memory at once.
const BATCH: usize = 1000;

const UPDATE_LISTING: &str = "
update warehouse.listing
set (first_seen, total_price, price_since, last_seen, missing_since, delisted_at) = ($2, $3, $4, $5, $6, $7)
where hash_id = $1";

const REMOVE_SPELL: &str = "
delete from warehouse.spell where hash_id = $1 and first_seen = $2 and first_walk = $3";

const UPDATE_SPELL: &str = "
update warehouse.spell
set (last_seen, last_walk, total_price, missing_since, delisted_at, next_seen) = ($4, $5, $6, $7, $8, $9)
where hash_id = $1 and first_seen = $2 and first_walk = $3";

/// The walk is compared so that the index of its sightings, which may be many, does not come into question.
const REMOVE_EXTRA_SIGHTING: &str = "
delete from warehouse.extra_sighting where hash_id = $1 and (seen_at, walk_id) is not distinct from ($2, $3)";

const SPELL: &str = "warehouse.spell (
    hash_id, first_seen, first_walk, last_seen, last_walk, total_price, missing_since, delisted_at, next_seen
)";

const EXTRA_SIGHTING: &str = "warehouse.extra_sighting (hash_id, seen_at, walk_id, total_price)";

/// How a listing's latest spell stands, and when the first one began: what `warehouse.listing` shows of its history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    first_seen: Timestamp,
    total_price: Option<i64>,
    price_since: Timestamp,
    last_seen: Option<Timestamp>,
    missing_since: Option<Timestamp>,
    delisted_at: Option<Timestamp>,
}

impl State {
    fn of(spells: &[Spell]) -> Option<Self> {
        let first = spells.first()?;
        let latest = spells.last()?;
        Some(Self {
            first_seen: first.first.at,
            total_price: latest.total_price,
            price_since: latest.first.at,
            last_seen: latest.last.map(|last| last.at),
            missing_since: latest.missing_since,
            delisted_at: latest.delisted_at,
        })
    }

    /// As a listing is written anew that says something else, before its history is thought over.
    fn seen(self, moment: Moment, total_price: Option<i64>) -> Self {
        if self.missing_since.is_none() && self.total_price == total_price {
            // Its newest spell may have ended, if the walk comes late.
            return Self { last_seen: None, ..self };
        }
        Self { first_seen: self.first_seen, ..Self::new(moment, total_price) }
    }

    /// As a new listing is written, before its history is known.
    fn new(moment: Moment, total_price: Option<i64>) -> Self {
        Self {
            first_seen: moment.at,
            total_price,
            price_since: moment.at,
            last_seen: None,
            missing_since: None,
            delisted_at: None,
        }
    }
}

/// What histories must become.
#[derive(Default)]
struct Changes {
    states: Vec<(i64, State)>,
    new_spells: CopyRows,
    changed_spells: Vec<SpellRow>,
    removed_spells: Vec<(i64, Moment)>,
    new_extra_sightings: CopyRows,
    removed_extra_sightings: Vec<(i64, Moment)>,
    kept: crate::kept::Changes,
}

impl Merge<'_> {
    /// Brings the histories of all affected listings in line with the walk.
    pub(crate) async fn change_histories(&mut self, covering: bool) -> Result<(), Error> {
        let affected = std::mem::take(&mut self.found.affected);
        let mut reading = Reading { transaction: &self.transaction, prepared: self.prepared };
        for Affected { before, after, .. } in &affected {
            if let Some(before) = before {
                self.walks.read(&mut reading, &before.place).await?;
            }
            self.walks.read(&mut reading, &after.place).await?;
        }
        let after = self.walks.with_walk(self.moment, &self.filter, covering);
        for batch in affected.chunks(BATCH) {
            let ids: Vec<i64> = batch.iter().map(|listing| listing.hash_id).collect();
            let known = self.reading().histories(&ids).await?;
            let mut changes = Changes::default();
            for listing in batch {
                if let Some(known) = known.get(&listing.hash_id) {
                    self.change_history(listing, known, &after, &mut changes);
                }
            }
            self.write_changes(changes).await?;
            self.found.written.extend(ids);
        }
        Ok(())
    }

    fn change_history(
        &mut self,
        listing: &Affected,
        KnownHistory { history: known, rejected_by }: &KnownHistory,
        walks_after: &CoveringWalks,
        changes: &mut Changes,
    ) {
        let Affected { hash_id, before, after, said, rewritten, comparable } = listing;
        let old = before.as_ref().unwrap_or(after);
        let rejected_before = self.rejected_before(*hash_id, rejected_by);
        let coverage_before =
            Coverage { walks: self.walks.of(&old.place), place: &old.place, rejected_by: &rejected_before };
        let coverage_after =
            Coverage { walks: walks_after.of(&after.place), place: &after.place, rejected_by };
        let new = with_walk(known, &coverage_before, self.moment, *said, &coverage_after);
        if self.late {
            self.weigh_late(listing, known);
        }
        let was_looked_at = |first: Moment| coverage_after.was_looked_at_before(first);
        let news = happening(&known.spells, &new.spells, was_looked_at, *comparable);
        self.found.happenings.extend(news.map(|news| (*hash_id, news)));
        let new_state = State::of(&new.spells);
        let old_state = match (State::of(&known.spells), said) {
            (Some(state), Said::Seen(price)) if *rewritten => Some(state.seen(self.moment, *price)),
            (None, Said::Seen(price)) => Some(State::new(self.moment, *price)),
            (state, _) => state,
        };
        if let Some(state) = new_state.filter(|_| new_state != old_state) {
            changes.states.push((*hash_id, state));
        }
        self.found.relistings_possible |=
            new.spells.last().is_some_and(|spell| spell.missing_since.is_some());
        changes.spells(*hash_id, &known.spells, &new.spells);
        changes.extra_sightings(*hash_id, known, &new);
        let kept_before = before.as_ref().map(|before| (before, known.spells.as_slice()));
        self.change_kept(*hash_id, kept_before, (after, &new.spells), &mut changes.kept);
    }

    /// Counts what was on offer when a late walk started, and not missing before it.
    fn weigh_late(&mut self, Affected { after, said, .. }: &Affected, known: &History) {
        if self.filter.matches(&after.place) && known.is_seen_before(self.moment) {
            self.found.coverage.on_offer += 1;
            self.found.coverage.missed += usize::from(*said == Said::Unseen);
        }
    }

    async fn write_changes(&mut self, mut changes: Changes) -> Result<(), Error> {
        self.each(UPDATE_LISTING, &changes.states, state_row, "update how listings stand").await?;
        self.each(REMOVE_SPELL, &changes.removed_spells, moment_key, "remove spells").await?;
        self.each(UPDATE_SPELL, &changes.changed_spells, SpellRow::parameters, "update spells").await?;
        changes.new_spells.send(&self.transaction, self.prepared, SPELL, "copy new spells").await?;
        let removed = &changes.removed_extra_sightings;
        self.each(REMOVE_EXTRA_SIGHTING, removed, moment_key, "remove sightings that spells imply").await?;
        changes
            .new_extra_sightings
            .send(&self.transaction, self.prepared, EXTRA_SIGHTING, "copy extra sightings")
            .await?;
        self.write_kept(changes.kept).await
    }

    /// Keeps the sightings that change no history and that no spell will imply.
    pub(crate) async fn keep_extra_sightings(
        &mut self,
        covering: bool,
        rejected: &HashSet<i64>,
    ) -> Result<(), Error> {
        let mut copies = CopyRows::default();
        let is_implied =
            |sighting: &&Unchanged| covering && sighting.matched && !rejected.contains(&sighting.hash_id);
        for sighting in self.found.unchanged.iter().filter(|sighting| !is_implied(sighting)) {
            add_extra_sighting(
                &mut copies,
                sighting.hash_id,
                &Sighting { moment: self.moment, total_price: sighting.total_price },
            );
            if copies.len() > FULL {
                copies.send(&self.transaction, self.prepared, EXTRA_SIGHTING, "copy extra sightings").await?;
            }
        }
        copies.send(&self.transaction, self.prepared, EXTRA_SIGHTING, "copy extra sightings").await
    }
}

impl Changes {
    fn spells(&mut self, hash_id: i64, known: &[Spell], new: &[Spell]) {
        let at = |spells: &[Spell], first: Moment| spells.iter().find(|spell| spell.first == first).copied();
        for spell in known.iter().filter(|spell| at(new, spell.first).is_none()) {
            self.removed_spells.push((hash_id, spell.first));
        }
        for spell in new {
            match at(known, spell.first) {
                None => add_spell(&mut self.new_spells, hash_id, spell),
                Some(known) if known != *spell => self.changed_spells.push(SpellRow::new(hash_id, *spell)),
                Some(_) => {}
            }
        }
    }

    fn extra_sightings(&mut self, hash_id: i64, known: &History, new: &History) {
        let known = &known.extra_sightings;
        let new = &new.extra_sightings;
        let has = |sightings: &[Sighting], sighting: &Sighting| {
            sightings
                .binary_search_by_key(&sighting.moment, |other| other.moment)
                .ok()
                .and_then(|index| sightings.get(index))
                == Some(sighting)
        };
        for sighting in known.iter().filter(|sighting| !has(new, sighting)) {
            self.removed_extra_sightings.push((hash_id, sighting.moment));
        }
        for sighting in new.iter().filter(|sighting| !has(known, sighting)) {
            add_extra_sighting(&mut self.new_extra_sightings, hash_id, sighting);
        }
    }
}

/// A row of `warehouse.spell`.
struct SpellRow {
    hash_id: i64,
    spell: Spell,
    last_seen: Option<Timestamp>,
    last_walk: Option<Uuid>,
}

impl SpellRow {
    fn new(hash_id: i64, spell: Spell) -> Self {
        let (last_seen, last_walk) = spell.last.map(|last| (last.at, last.walk)).unzip();
        Self { hash_id, spell, last_seen, last_walk }
    }

    fn parameters(&self) -> [Parameter<'_>; 9] {
        let Self { hash_id, spell, last_seen, last_walk } = self;
        let Spell { first, total_price, missing_since, delisted_at, next_seen, .. } = spell;
        [
            hash_id,
            &first.at,
            &first.walk,
            last_seen,
            last_walk,
            total_price,
            missing_since,
            delisted_at,
            next_seen,
        ]
    }
}

fn state_row((hash_id, state): &(i64, State)) -> [Parameter<'_>; 7] {
    let State { first_seen, total_price, price_since, last_seen, missing_since, delisted_at } = state;
    [hash_id, first_seen, total_price, price_since, last_seen, missing_since, delisted_at]
}

/// A listing, and the start and id of a walk.
fn add_spell(copies: &mut CopyRows, hash_id: i64, spell: &Spell) {
    copies.row(9);
    copies.add(hash_id);
    copies.add(spell.first.at);
    copies.add(spell.first.walk);
    copies.add(spell.last.map(|last| last.at));
    copies.add(spell.last.map(|last| last.walk));
    copies.add(spell.total_price);
    copies.add(spell.missing_since);
    copies.add(spell.delisted_at);
    copies.add(spell.next_seen);
}

fn add_extra_sighting(copies: &mut CopyRows, hash_id: i64, Sighting { moment, total_price }: &Sighting) {
    copies.row(4);
    copies.add(hash_id);
    copies.add(moment.at);
    copies.add(moment.walk);
    copies.add(*total_price);
}
