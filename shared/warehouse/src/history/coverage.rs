//! Which walks cover a listing.

use sreality::{Segment, place};
use uuid::Uuid;

use super::{ListingPlace, Moment, WALKS_BEFORE_NEWS};

/// What a segment's queries ask for; `None` asks for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) category: i16,
    pub(crate) deal: i16,
    pub(crate) region_id: Option<i32>,
    pub(crate) district_ids: Option<Vec<i32>>,
    pub(crate) sub_categories: Option<Vec<i16>>,
}

impl From<&Segment> for Filter {
    fn from(segment: &Segment) -> Self {
        let (region_id, district_ids) = match segment.place {
            None => (None, None),
            Some(place::Place::Region(region)) => (Some(region.id), None),
            Some(place::Place::District(district)) => (None, Some(district.ids().collect())),
        };
        let sub_categories: Vec<i16> = segment.sub_categories.iter().map(|sub| sub.code).collect();
        Self {
            category: segment.category.code(),
            deal: segment.deal.code(),
            region_id,
            district_ids,
            sub_categories: Some(sub_categories).filter(|codes| !codes.is_empty()),
        }
    }
}

impl Filter {
    /// Whether it asks for all of a category and deal type.
    pub(crate) fn is_whole(&self) -> bool {
        self.region_id.is_none() && self.district_ids.is_none() && self.sub_categories.is_none()
    }

    /// Whether it matches a listing that is there. What a listing does not tell matches no filter.
    pub(crate) fn matches(&self, place: &ListingPlace) -> bool {
        self.category == place.category
            && self.deal == place.deal
            && self.region_id.is_none_or(|region| place.region_id == Some(region))
            && contains(self.district_ids.as_deref(), place.district_id)
            && contains(self.sub_categories.as_deref(), place.sub_category)
    }
}

fn contains<T: PartialEq>(filter: Option<&[T]>, value: Option<T>) -> bool {
    filter.is_none_or(|filter| value.is_some_and(|value| filter.contains(&value)))
}

/// A walk that can say that a listing is gone: it is complete, and each of its rejects says which listing it is.
#[derive(Clone, Debug)]
pub(crate) struct CoveringWalk {
    pub(crate) moment: Moment,
    pub(crate) filter: Filter,
}

/// The walks that cover one listing, in their order.
#[derive(Clone, Copy)]
pub(crate) struct Coverage<'a> {
    /// All covering walks of the place's category and deal type, in their order.
    pub(crate) walks: &'a [CoveringWalk],
    /// Where the listing is.
    pub(crate) place: &'a ListingPlace,
    /// The walks that rejected a row of this listing: they say nothing of it.
    pub(crate) rejected_by: &'a [Uuid],
}

impl<'a> Coverage<'a> {
    /// Whether so many walks came before a moment that a listing which none of them saw is new.
    pub(crate) fn was_looked_at_before(&self, moment: Moment) -> bool {
        let Self { walks, place, rejected_by } = *self;
        let covers =
            |walk: &&CoveringWalk| walk.filter.matches(place) && !rejected_by.contains(&walk.moment.walk);
        let before = walks.iter().take_while(|walk| walk.moment < moment).filter(covers);
        before.take(WALKS_BEFORE_NEWS).count() == WALKS_BEFORE_NEWS
    }

    /// The walks from one moment on.
    pub(crate) fn since(&self, first: Moment) -> impl Iterator<Item = Moment> + use<'a> {
        let Self { walks, place, rejected_by } = *self;
        let from = walks.partition_point(|walk| walk.moment < first);
        walks
            .iter()
            .skip(from)
            .filter(|walk| walk.filter.matches(place) && !rejected_by.contains(&walk.moment.walk))
            .map(|walk| walk.moment)
    }
}
