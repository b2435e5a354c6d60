//! What happened to a listing that somebody may want to hear: how it stands now beside how it stood.

use jiff::Timestamp;

use super::{Moment, Spell};
use crate::event::EventKind;

/// So many covering walks must have missed a listing before it is new, as many as make it gone: any fewer may have
/// overlooked it. The first walk of a segment makes nothing new.
pub(crate) const WALKS_BEFORE_NEWS: usize = 3;

/// What happened to one listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Happening {
    pub(crate) kind: EventKind,
    /// Start of the spell that it tells of: the listing's latest.
    pub(crate) spell: Timestamp,
    /// Start of the walk that showed it.
    pub(crate) happened_at: Timestamp,
    pub(crate) price_before: Option<i64>,
    pub(crate) price: Option<i64>,
}

impl Happening {
    /// A listing that was never here.
    pub(crate) fn new(seen_at: Timestamp, price: Option<i64>) -> Self {
        Self { kind: EventKind::New, spell: seen_at, happened_at: seen_at, price_before: None, price }
    }
}

/// What a load changes of how a listing stands, if anything; its spells before and after.
///
/// Only the latest spell counts: what a late walk tells of times before is no news. Whether enough walks came before
/// the first sighting, `was_looked_at_before` tells. Prices that are not both set in crowns move with the rate of exchange, and are not
/// comparable.
pub(crate) fn happening(
    known: &[Spell],
    new: &[Spell],
    was_looked_at_before: impl FnOnce(Moment) -> bool,
    comparable: bool,
) -> Option<Happening> {
    let latest = new.last()?;
    let Spell { first, total_price: price, .. } = *latest;
    let seen = |kind, price_before| {
        Some(Happening { kind, spell: first.at, happened_at: first.at, price_before, price })
    };
    let Some(stood) = known.last() else {
        // What is gone before anybody has heard of it is no news.
        let is_new = latest.delisted_at.is_none() && was_looked_at_before(first);
        return is_new.then(|| Happening::new(first.at, price));
    };
    let was_gone = stood.delisted_at.is_some();
    if let Some(happened_at) = latest.delisted_at {
        let gone =
            Happening { kind: EventKind::Gone, spell: first.at, happened_at, price_before: None, price };
        return (!was_gone).then_some(gone);
    }
    let spell_before = new.iter().rev().nth(1);
    if was_gone && let Some(gone) = spell_before.filter(|spell| spell.delisted_at.is_some()) {
        return seen(EventKind::Back, gone.total_price);
    }
    let (before, now) = stood.total_price.zip(price).filter(|_| comparable)?;
    match now.cmp(&before) {
        std::cmp::Ordering::Less => seen(EventKind::Cheaper, Some(before)),
        std::cmp::Ordering::Greater => seen(EventKind::Dearer, Some(before)),
        std::cmp::Ordering::Equal => None,
    }
}
