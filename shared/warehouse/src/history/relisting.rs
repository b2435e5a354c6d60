//! Relistings: a property that was taken off and is advertised anew under another id.

use jiff::{SignedDuration, Timestamp};

/// So long after its last sighting an advert may come back under another id.
const LONGEST_ABSENCE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What is known of an advert, as the old one or the new one of a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advert {
    pub(crate) hash_id: i64,
    pub(crate) first_seen: Timestamp,
    /// The price that it was first seen at.
    pub(crate) opening_price: Option<i64>,
    /// The price that it was last seen at.
    pub(crate) total_price: Option<i64>,
    /// Its last sighting, if a covering walk has missed it since.
    pub(crate) missing_after: Option<Timestamp>,
    pub(crate) agency: Option<String>,
}

/// An advert that is another one anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Relisting {
    pub(crate) new_hash_id: i64,
    pub(crate) old_hash_id: i64,
    pub(crate) relisted_at: Timestamp,
    pub(crate) old_last_seen: Timestamp,
    pub(crate) old_price: Option<i64>,
    pub(crate) new_price: Option<i64>,
    pub(crate) same_agency: Option<bool>,
}

/// Which of the adverts of the same property this one is anew, if any. The rule is the comment on `mart.relisting`.
pub(crate) fn relisting<'a>(
    new: &Advert,
    same_property: impl Iterator<Item = &'a Advert>,
) -> Option<Relisting> {
    let left = |old: &Advert| {
        let old_last_seen = old.missing_after?;
        let in_time = old_last_seen < new.first_seen
            && new.first_seen <= old_last_seen.saturating_add(LONGEST_ABSENCE).ok()?;
        let fits = old.hash_id != new.hash_id && in_time && is_near(new.opening_price, old.total_price);
        fits.then_some(old_last_seen)
    };
    let candidates = same_property.filter_map(|old| Some((left(old)?, old)));
    // The last one seen; of several the one with the smallest id.
    let (old_last_seen, old) =
        candidates.max_by_key(|(last_seen, old)| (*last_seen, std::cmp::Reverse(old.hash_id)))?;
    Some(Relisting {
        new_hash_id: new.hash_id,
        old_hash_id: old.hash_id,
        relisted_at: new.first_seen,
        old_last_seen,
        old_price: old.total_price,
        new_price: new.opening_price,
        same_agency: old.agency.as_ref().zip(new.agency.as_ref()).map(|(old, new)| old == new),
    })
}

/// Whether one price is 80 to 120 % of another, or one of them unknown.
fn is_near(new: Option<i64>, old: Option<i64>) -> bool {
    let Some((new, old)) = new.zip(old) else { return true };
    let new = i128::from(new) * 10;
    (i128::from(old) * 8..=i128::from(old) * 12).contains(&new)
}
