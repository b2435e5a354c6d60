//! What a careful observer would tell who is handed the same walks in the same order: the rules of decision 0014 over the
//! walks themselves. It shares no line with the load, and knows nothing of spells that are kept.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

use super::market::{Found, Kind, Market, Price, Walk};

/// What happened longer ago is no news.
const NEWS: SignedDuration = SignedDuration::from_hours(48);
/// So many complete walks that miss a listing in a row make it gone; so many before its first make it new.
const ENOUGH: usize = 3;

/// A watch, as far as it matters here.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) name: &'static str,
    pub(super) kinds: &'static [&'static str],
    /// It is not told what happened before.
    pub(super) since: Timestamp,
}

/// The watches of all histories.
pub(super) fn watches(random: &mut Rng, now: Timestamp) -> [Watch; 2] {
    let ago = |hours| now - SignedDuration::from_hours(hours);
    [
        Watch {
            name: "all",
            kinds: &["new", "relisted", "back", "cheaper", "dearer", "gone"],
            since: ago(200),
        },
        Watch { name: "some", kinds: &["cheaper", "gone"], since: ago(random.i64(10..40)) },
    ]
}

/// What is told of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Telling {
    pub(super) listing: usize,
    pub(super) kind: &'static str,
    pub(super) happened_at: Timestamp,
    pub(super) price_before: Price,
    pub(super) price: Price,
}

#[derive(Debug)]
pub(super) struct Observer<'m> {
    market: &'m Market,
    watches: &'m [Watch],
    now: Timestamp,
    /// Walks that are loaded, by their numbers.
    known: BTreeSet<usize>,
    /// By watch, listing, kind and spell.
    entered: BTreeMap<(&'static str, usize, &'static str, Timestamp), Telling>,
}

/// How a listing stands, after all walks that are known.
#[derive(Debug)]
struct Standing {
    /// Since when it is seen at this price without a complete walk that missed it.
    spell: Timestamp,
    price: Price,
    /// Complete walks in a row that missed it since.
    missed: usize,
    gone_at: Option<Timestamp>,
    /// Its last price before, if it was gone.
    gone_before: Option<Price>,
    /// Complete walks before the first that saw it.
    walks_before: usize,
}

impl<'m> Observer<'m> {
    pub(super) fn new(market: &'m Market, watches: &'m [Watch], now: Timestamp) -> Self {
        Self { market, watches, now, known: BTreeSet::new(), entered: BTreeMap::new() }
    }

    /// A walk is loaded, now or before.
    pub(super) fn load(&mut self, walk: usize) {
        if self.known.contains(&walk) {
            return;
        }
        let before: Vec<_> = (0..self.market.listings.len()).map(|listing| self.standing(listing)).collect();
        self.known.insert(walk);
        for (listing, before) in before.into_iter().enumerate() {
            let Some(after) = self.standing(listing) else { continue };
            if let Some((kind, happened_at, price_before)) = happening(before.as_ref(), &after) {
                let telling = Telling { listing, kind, happened_at, price_before, price: after.price };
                self.tell(after.spell, &telling);
            }
        }
    }

    fn tell(&mut self, spell: Timestamp, telling: &Telling) {
        let Telling { listing, kind, happened_at, .. } = *telling;
        if happened_at < self.now - NEWS {
            return;
        }
        for watch in
            self.watches.iter().filter(|watch| watch.kinds.contains(&kind) && happened_at >= watch.since)
        {
            // A later spell was told of, or the same, which has been dated back since.
            let first = (watch.name, listing, kind, spell);
            let last = (watch.name, listing, kind, Timestamp::MAX);
            if self.entered.range(first..=last).next().is_none() {
                self.entered.insert(first, telling.clone());
            }
        }
    }

    /// The warehouse is lost. What was not yet begun to be told is told anew, if the walks show it anew.
    pub(super) fn forget(&mut self, begun: &BTreeSet<String>) {
        self.known.clear();
        self.entered.retain(|key, _| begun.contains(&item_key(key)));
    }

    /// All that is to be told in the end, by the key of its item.
    pub(super) fn expected(&self) -> BTreeMap<String, Telling> {
        self.entered.iter().map(|(key, telling)| (item_key(key), telling.clone())).collect()
    }

    fn standing(&self, listing: usize) -> Option<Standing> {
        let mut standing: Option<Standing> = None;
        let mut walks_before = 0;
        for walk in self.known.iter().map(|index| &self.market.walks[*index]) {
            match (walk.found[listing], &mut standing) {
                (Found::Price(price), Some(known)) if known.missed == 0 && known.price == price => {}
                (Found::Price(price), known) => {
                    let gone_before =
                        known.as_ref().filter(|known| known.missed >= ENOUGH).map(|known| known.price);
                    let walks_before = known.as_ref().map_or(walks_before, |known| known.walks_before);
                    let spell = walk.started_at;
                    *known =
                        Some(Standing { spell, price, missed: 0, gone_at: None, gone_before, walks_before });
                }
                (Found::Nothing, known) if is_complete(walk) => match known {
                    None => walks_before += 1,
                    Some(known) => {
                        known.missed += 1;
                        if known.missed == ENOUGH {
                            known.gone_at = Some(walk.started_at);
                        }
                    }
                },
                (Found::Nothing | Found::Unreadable, _) => {}
            }
        }
        standing
    }
}

fn is_complete(walk: &Walk) -> bool {
    walk.kind == Kind::Complete
}

/// What became known, when it happened, and the price before.
fn happening(before: Option<&Standing>, after: &Standing) -> Option<(&'static str, Timestamp, Price)> {
    let Some(before) = before else {
        let is_new = after.gone_at.is_none() && after.walks_before >= ENOUGH;
        return is_new.then_some(("new", after.spell, None));
    };
    match (before.gone_at, after.gone_at) {
        (None, Some(gone_at)) => return Some(("gone", gone_at, None)),
        (Some(_), Some(_)) => return None,
        (Some(_), None) if after.gone_before.is_some() => {
            return Some(("back", after.spell, after.gone_before.flatten()));
        }
        (_, None) => {}
    }
    match (before.price, after.price) {
        (Some(was), Some(is)) if is < was => Some(("cheaper", after.spell, Some(was))),
        (Some(was), Some(is)) if is > was => Some(("dearer", after.spell, Some(was))),
        _ => None,
    }
}

fn item_key((watch, listing, kind, spell): &(&str, usize, &str, Timestamp)) -> String {
    format!("{watch}/{}/{}/{kind}", listing + 1, spell.as_microsecond())
}

/// Whether the market bears out what was told; else why not. It asks for less than the observer, but it asks the truth.
pub(super) fn contradicts(market: &Market, telling: &Telling) -> Option<&'static str> {
    let life = &market.listings[telling.listing];
    let at = market.walks.iter().position(|walk| walk.started_at == telling.happened_at)?;
    let missed = |walks: std::ops::Range<usize>| {
        walks.filter(|index| is_complete(&market.walks[*index]) && life[*index].is_none()).count()
    };
    let was_here =
        |walks: std::ops::Range<usize>| walks.into_iter().rev().find(|index| life[*index].is_some());
    let here = life[at] == Some(telling.price);
    match telling.kind {
        "gone" if life[at].is_some() => Some("it is on offer"),
        "gone" if missed(0..at + 1) < ENOUGH => Some("it was not missed often enough"),
        "gone" if was_here(0..at).is_none() => Some("it was never here"),
        "gone" => None,
        _ if !here => Some("it is not on offer at this price"),
        "new" if missed(0..at) < ENOUGH => Some("it may have been overlooked before"),
        "back" if missed(0..at) < ENOUGH || was_here(0..at).is_none() => Some("it was not gone"),
        "cheaper" if telling.price_before <= telling.price => Some("it is not cheaper"),
        "dearer" if telling.price_before >= telling.price => Some("it is not dearer"),
        "cheaper" | "dearer" if !life[..at].contains(&Some(telling.price_before)) => {
            Some("it never had that price")
        }
        "new" | "back" | "cheaper" | "dearer" => None,
        _ => Some("no such thing can happen here"),
    }
}
