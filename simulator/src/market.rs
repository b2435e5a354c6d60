//! The market: which listings are on offer, day by day, and all that ever happened to them.

pub(crate) mod composition;
mod flicker;
pub(crate) mod geography;
mod hash_id;
pub mod history;
mod kinds;
pub mod listing;
pub(crate) mod price;

use std::collections::BTreeMap;

use crate::market::composition::{SECTIONS, section_sizes};
use crate::market::flicker::Flicker;
use crate::market::hash_id::hash_id;
use crate::market::history::{Relisting, Stretch};
use crate::market::listing::{Listing, Offer};
use crate::random::Random;
use crate::wire::row::Row;
use crate::wire::toppings::Toppings;

/// Every day this share of the listings leaves: a median stay of about two months.
const LEAVING: f64 = 0.012;
/// Every day this share changes its price: 113 changes on 453 ids in 55 days were measured, in a livelier
/// place.
const CHANGING: f64 = 0.008;
/// Of those that leave, this share comes back under a new id within five days.
const RELISTED: f64 = 0.06;
/// Of those that leave, this share comes back under its own id within three weeks.
const RETURNING: f64 = 0.05;
/// The oldest advert on day 0 is this many days old.
const OLDEST: f64 = 150.0;

/// The position of a listing in [`Market::listings`].
type Index = u32;

/// A seeded market that can be moved forward day by day, and that remembers everything.
///
/// The same seed and size give the same market on every machine, however the days are advanced.
#[derive(Clone, Debug)]
pub struct Market {
    seed: u64,
    day: u32,
    /// Every listing there ever was.
    listings: Vec<Listing>,
    /// What is on offer, the oldest first.
    offered: Vec<Index>,
    /// The same by section, in the order of [`SECTIONS`].
    sections: Vec<Shelf>,
    /// Stretches that have ended.
    ended: Vec<Stretch>,
    /// Who comes back on which day.
    comebacks: BTreeMap<u32, Vec<Comeback>>,
    relistings: Vec<Relisting>,
    flicker: Option<Flicker>,
}

/// What one section has on offer.
#[derive(Clone, Debug)]
struct Shelf {
    /// How many it had on day 0 and tends back to.
    target: usize,
    /// The oldest first.
    offered: Vec<Index>,
}

/// How a listing that left comes back.
#[derive(Clone, Copy, Debug)]
enum Comeback {
    /// Under its own id.
    Return(Index),
    /// Under a new id.
    Relisting(Index),
}

impl Market {
    /// A market of this many listings on day 0.
    #[must_use]
    pub fn new(seed: u64, listings: usize) -> Self {
        let mut market = Self {
            seed,
            day: 0,
            listings: Vec::with_capacity(listings + listings / 4),
            offered: Vec::new(),
            sections: section_sizes(listings).map(|target| Shelf { target, offered: Vec::new() }).into(),
            ended: Vec::new(),
            comebacks: BTreeMap::new(),
            relistings: Vec::new(),
            flicker: None,
        };
        market.open();
        market
    }

    /// The same market, of which the portal leaves out some: every day this share of the listings begins to be left out
    /// for a day or two. They stay on offer: only [`Market::hides`] and the pages that are served know of it.
    #[must_use]
    pub fn with_flicker(mut self, share: f64) -> Self {
        self.flicker = Some(Flicker::new(self.seed, share));
        self
    }

    /// Whether the portal leaves out this listing on this day, past or to come, although it may be on offer.
    #[must_use]
    pub fn hides(&self, hash_id: u64, day: u32) -> bool {
        let known = u32::try_from(hash_id).ok().zip(self.flicker);
        known.is_some_and(|(hash_id, flicker)| flicker.hides(hash_id, day))
    }

    /// What the market is called: the same for every market of this seed and size.
    #[must_use]
    pub fn name(&self) -> String {
        let listings: usize = self.sections.iter().map(|shelf| shelf.target).sum();
        format!("seed-{}-listings-{listings}", self.seed)
    }

    /// The row of a listing on offer today.
    pub(crate) fn row(&self, hash_id: u64) -> Option<String> {
        let mut offered = self.offered.iter().filter_map(|index| self.listing(*index));
        let listing = offered.find(|listing| u64::from(listing.hash_id) == hash_id)?;
        serde_json::to_string(&Row::of(listing, self.day)).ok()
    }

    /// Today. The first day is 0.
    #[must_use]
    pub fn day(&self) -> u32 {
        self.day
    }

    /// How many listings are on offer.
    #[must_use]
    pub fn len(&self) -> usize {
        self.offered.len()
    }

    /// Whether nothing is on offer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.offered.is_empty()
    }

    /// Moves forward to this day, one day after the other; does nothing if it is already reached.
    ///
    /// On each day some listings leave, some change their price, some that left come back under their own or
    /// a new id, and as many new ones come as keep the total about level.
    pub fn advance_to(&mut self, day: u32) {
        while self.day < day {
            self.day += 1;
            let mut random = Random::stream(self.seed, u64::from(self.day));
            self.withdraw(&mut random);
            self.change_prices(&mut random);
            self.bring_back(&mut random);
            self.list_new(&mut random);
        }
    }

    /// Everything on offer today, the newest first.
    pub fn offers(&self) -> impl Iterator<Item = Offer> + '_ {
        newest_first(&self.listings, &self.offered).map(Listing::offer)
    }

    /// The whole truth up to today: every stretch that has ended, in the order in which they ended, then
    /// every stretch that goes on.
    pub fn history(&self) -> impl Iterator<Item = Stretch> + '_ {
        let current = newest_first(&self.listings, &self.offered);
        self.ended.iter().cloned().chain(current.map(|listing| Stretch::current(listing, self.day)))
    }

    /// Every relisting up to today, by day.
    pub fn relistings(&self) -> impl Iterator<Item = &Relisting> + '_ {
        self.relistings.iter()
    }

    /// The market as it was on an earlier day.
    pub(crate) fn as_of(&self, day: u32) -> Self {
        let listings = self.sections.iter().map(|shelf| shelf.target).sum();
        let mut earlier = Self { flicker: self.flicker, ..Self::new(self.seed, listings) };
        earlier.advance_to(day);
        earlier
    }

    /// How many listings there ever were: one more than the largest position that a topping can have.
    pub(crate) fn listings_ever(&self) -> usize {
        self.listings.len()
    }

    /// The listings that the portal shows, of one section (by its position in `SECTIONS`) or all: the topped ones first,
    /// then the newest first.
    pub(crate) fn shown<'a>(
        &'a self,
        section: Option<usize>,
        toppings: &'a Toppings,
    ) -> impl Iterator<Item = &'a Listing> + 'a {
        let offered = match section {
            Some(section) => {
                self.sections.get(section).map(|shelf| shelf.offered.as_slice()).unwrap_or_default()
            }
            None => &self.offered,
        };
        let among = move |index| {
            self.listing(index)
                .is_some_and(|listing| listing.offered && (section.is_none() || listing.section() == section))
        };
        let order = toppings.order(offered.iter().rev().copied(), among);
        order
            .filter_map(|index| self.listing(index))
            .filter(|listing| !self.hides(u64::from(listing.hash_id), self.day))
    }

    fn listing(&self, index: Index) -> Option<&Listing> {
        self.listings.get(index as usize)
    }

    /// Fills day 0 with adverts of all ages.
    fn open(&mut self) {
        let mut random = Random::stream(self.seed, 0);
        for (section, shelf) in SECTIONS.iter().zip(&self.sections) {
            for _ in 0..shelf.target {
                let rank = random.fraction();
                let age = OLDEST * rank * (0.7 + 0.3 * rank);
                let hash_id = hash_id(self.seed, self.listings.len() as u32);
                self.listings.push(Listing::new(section, hash_id, -(age as i32), 0, &mut random));
            }
        }
        // The sort is stable, and so is the order of rows from here on.
        self.listings.sort_by_key(|listing| listing.published);
        for index in 0..self.listings.len() as Index {
            self.put_on_offer(index);
        }
    }

    /// Takes off what leaves today, and settles who of them comes back.
    fn withdraw(&mut self, random: &mut Random) {
        let Self { day, listings, offered, sections, ended, comebacks, .. } = self;
        offered.retain(|&index| {
            if !random.chance(LEAVING) {
                return true;
            }
            if let Some(listing) = listings.get_mut(index as usize) {
                ended.push(Stretch::ended_before(listing, *day));
                listing.offered = false;
            }
            let fate = random.fraction();
            if fate < RELISTED {
                let back = *day + random.between(0, 5);
                comebacks.entry(back).or_default().push(Comeback::Relisting(index));
            } else if fate < RELISTED + RETURNING {
                // Half of them flicker for a day or two.
                let longest = if random.chance(0.5) { 2 } else { 20 };
                let back = *day + random.between(1, longest);
                comebacks.entry(back).or_default().push(Comeback::Return(index));
            }
            false
        });
        for shelf in sections {
            shelf
                .offered
                .retain(|&index| listings.get(index as usize).is_some_and(|listing| listing.offered));
        }
    }

    /// Changes some prices, from today on.
    fn change_prices(&mut self, random: &mut Random) {
        let Self { day, listings, offered, ended, .. } = self;
        for &index in offered.iter() {
            if !random.chance(CHANGING) {
                continue;
            }
            let Some(listing) = listings.get_mut(index as usize) else { continue };
            let before = listing.price;
            let after = if before.is_on_request() {
                // Few are ever told.
                if random.chance(0.2) { before.told() } else { before }
            } else if random.chance(0.02) {
                before.on_request(random)
            } else if random.chance(0.04) {
                // Some go back to what they were.
                listing.previous.unwrap_or(before)
            } else {
                before.changed(random)
            };
            let (was, is) = (before.total(listing.area_m2), after.total(listing.area_m2));
            if was != is {
                ended.push(Stretch::ended_before(listing, *day));
                listing.since = *day;
                listing.previous = Some(before);
                listing.price = after;
                listing.discounted = is.is_some() && is < was;
            }
        }
    }

    /// Puts on offer again what was to come back today.
    fn bring_back(&mut self, random: &mut Random) {
        for comeback in self.comebacks.remove(&self.day).unwrap_or_default() {
            match comeback {
                Comeback::Return(index) => {
                    let day = self.day;
                    if let Some(listing) = self.listings.get_mut(index as usize) {
                        listing.offered = true;
                        listing.published = day as i32;
                        listing.since = day;
                    }
                    self.put_on_offer(index);
                }
                Comeback::Relisting(index) => {
                    let hash_id = self.next_hash_id();
                    let Some(old) = self.listings.get(index as usize) else { continue };
                    let new = old.relisted(hash_id, self.day, random);
                    self.relistings.push(Relisting {
                        old_hash_id: u64::from(old.hash_id),
                        new_hash_id: u64::from(hash_id),
                        day: self.day,
                    });
                    self.add(new);
                }
            }
        }
    }

    /// Fills each section up to about what it held on day 0.
    fn list_new(&mut self, random: &mut Random) {
        for (position, section) in SECTIONS.iter().enumerate() {
            let Some(Shelf { target, offered }) = self.sections.get(position) else { continue };
            let (target, held) = (*target, offered.len());
            // A large section is never filled up to the last one.
            let play = (target / 500) as u32;
            let wanted = (target + random.below(2 * play + 1) as usize).saturating_sub(play as usize);
            for _ in held..wanted {
                let hash_id = self.next_hash_id();
                let new = Listing::new(section, hash_id, self.day as i32, self.day, random);
                self.add(new);
            }
        }
    }

    fn add(&mut self, listing: Listing) {
        self.listings.push(listing);
        self.put_on_offer(self.listings.len() as Index - 1);
    }

    /// Appends a listing to the indexes: it is the newest one now.
    fn put_on_offer(&mut self, index: Index) {
        let Some(listing) = self.listings.get(index as usize) else { return };
        self.offered.push(index);
        let position = listing.section();
        if let Some(shelf) = position.and_then(|position| self.sections.get_mut(position)) {
            shelf.offered.push(index);
        }
    }

    fn next_hash_id(&self) -> u32 {
        hash_id(self.seed, self.listings.len() as u32)
    }
}

fn newest_first<'a>(
    listings: &'a [Listing],
    offered: &'a [Index],
) -> impl Iterator<Item = &'a Listing> + use<'a> {
    offered.iter().rev().filter_map(|&index| listings.get(index as usize))
}

#[cfg(test)]
pub(crate) mod tests;
