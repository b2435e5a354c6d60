//! A walk's rows beside what is known: which say nothing new, and what the others say. No database: it runs in a thread
//! of its own while the load writes what came before.

use std::collections::{HashMap, HashSet};

use bytes::BytesMut;
use sreality::row::Row;
use uuid::Uuid;

use crate::attributes::Attributes;
use crate::error::Error;
use crate::history::{Filter, ListingPlace, Sample};
use crate::row_digest::{Remembered, RowDigest, RowDigests, row_digest};
use crate::walk::Counts;

/// So many bytes of encoded rows are handed over first, so that Postgres begins soon.
const FIRST_CHUNK: usize = 128 * 1024;
/// Each chunk is twice as large as the one before, up to this: few rows at a time cost Postgres more for each.
const LARGEST_CHUNK: usize = 1024 * 1024;
/// Up to this, if all that ever was known of each of its listings must be held beside a chunk.
const LARGEST_LATE_CHUNK: usize = 256 * 1024;
/// The code of crowns; prices in other currencies are converted by the portal, and move with the rate.
const CROWNS: i16 = 1;

/// What is known of a listing: what its newest sighting says, and how its latest spell stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KnownListing {
    pub(crate) hash_id: i64,
    pub(crate) digest: Uuid,
    pub(crate) total_price: Option<i64>,
    pub(crate) currency: Option<i16>,
    pub(crate) area_m2: Option<i32>,
    pub(crate) place: ListingPlace,
    /// The latest walk that covered it has missed it.
    pub(crate) missing: bool,
    pub(crate) delisted: bool,
}

impl KnownListing {
    /// Its price, if it was set in crowns.
    pub(crate) fn price_in_crowns(&self) -> Option<i64> {
        self.total_price.filter(|_| self.is_in_crowns())
    }

    pub(crate) fn is_in_crowns(&self) -> bool {
        is_in_crowns(self.currency)
    }
}

/// What a walk says of a listing that was known before it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// It has no row.
    Nothing,
    /// A row that says what is known.
    Same,
    /// A row that says something else.
    Other,
}

/// A row that may say something new.
#[derive(Debug)]
pub(crate) struct ParsedRow {
    pub(crate) hash_id: i64,
    /// Where it stands in the raw object.
    pub(crate) line: i64,
    pub(crate) index: i32,
    /// Whether it is the walk's first row of this listing: the sighting.
    pub(crate) first: bool,
    pub(crate) total_price: Option<i64>,
    pub(crate) currency: Option<i16>,
    pub(crate) area_m2: Option<i32>,
    pub(crate) place: ListingPlace,
    pub(crate) latitude: Option<f64>,
    pub(crate) longitude: Option<f64>,
    pub(crate) attributes: Attributes,
}

impl ParsedRow {
    /// What it says of which listing.
    pub(crate) fn wording(&self) -> (i64, Uuid) {
        (self.hash_id, self.attributes.digest)
    }

    /// Its price, if it is set in crowns.
    pub(crate) fn price_in_crowns(&self) -> Option<i64> {
        self.total_price.filter(|_| self.is_in_crowns())
    }

    pub(crate) fn is_in_crowns(&self) -> bool {
        is_in_crowns(self.currency)
    }
}

/// A row that could not be understood.
#[derive(Debug)]
pub(crate) struct Reject {
    pub(crate) line: i64,
    pub(crate) index: i32,
    pub(crate) hash_id: Option<i64>,
    pub(crate) pointer: String,
    pub(crate) reason: String,
    pub(crate) fragment: String,
}

/// Rows for the load to look up and to write.
#[derive(Debug, Default)]
pub struct Chunk {
    pub(crate) rows: Vec<ParsedRow>,
    pub(crate) rejects: Vec<Reject>,
    bytes: usize,
}

impl Chunk {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.rejects.is_empty()
    }
}

/// Compares a walk's rows with what is known, page by page.
#[derive(Debug)]
pub struct RowComparer {
    filter: Filter,
    /// What is on offer in the walk's segment.
    known: Vec<KnownListing>,
    /// What the walk says of each of them.
    found: Vec<Found>,
    by_id: HashMap<i64, u32>,
    digests: RowDigests,
    /// Listings that were seen beside those.
    others: HashSet<i64>,
    chunk: Chunk,
    /// So many bytes fill the chunk.
    full: usize,
    largest: usize,
    scratch: BytesMut,
    seen: Seen,
}

/// What a walk has shown as a whole.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) counts: Counts,
    /// Rejected rows that do not say which listing they are.
    pub(crate) rejects_without_id: u64,
    /// The listings of the other rejected rows.
    pub(crate) rejected: HashSet<i64>,
    /// Sightings of another category or deal type than the walk's.
    pub(crate) elsewhere: u64,
    /// Prices per m² of the sightings that the walk's filter matches.
    pub(crate) samples: Vec<Sample>,
}

/// What is left when all rows were compared.
pub(crate) struct Compared {
    pub(crate) known: Vec<KnownListing>,
    /// What the walk says of each of them.
    pub(crate) found: Vec<Found>,
    /// Listings that were seen beside those.
    pub(crate) others: HashSet<i64>,
    pub(crate) digests: RowDigests,
    pub(crate) seen: Seen,
}

impl RowComparer {
    /// Knows nothing: every row is to be looked up, for a late walk with all that ever was known of its listing.
    pub(crate) fn new(filter: Filter) -> Self {
        Self { largest: LARGEST_LATE_CHUNK, ..Self::with_known(filter, Vec::new(), RowDigests::default()) }
    }

    /// Knows what is on offer in the walk's segment.
    pub(crate) fn with_known(filter: Filter, known: Vec<KnownListing>, digests: RowDigests) -> Self {
        let by_id = (0_u32..).zip(&known).map(|(index, listing)| (listing.hash_id, index)).collect();
        Self {
            filter,
            found: vec![Found::Nothing; known.len()],
            known,
            by_id,
            digests,
            others: HashSet::new(),
            chunk: Chunk::default(),
            full: FIRST_CHUNK,
            largest: LARGEST_CHUNK,
            scratch: BytesMut::new(),
            seen: Seen::default(),
        }
    }

    /// Compares the rows of one page, each as the portal sent it: `line` is the page's line in the raw object. Returns what
    /// must be looked up and written, once it is enough.
    ///
    /// # Errors
    /// If a row is no JSON: then the page is damaged.
    pub fn page<'a>(
        &mut self,
        line: u64,
        rows: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Chunk>, Error> {
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        for (index, text) in (0_i32..).zip(rows) {
            self.row(line, index, text)?;
        }
        if self.chunk.bytes < self.full {
            return Ok(None);
        }
        self.full = (2 * self.full).min(self.largest);
        Ok(Some(std::mem::take(&mut self.chunk)))
    }

    /// Whether a text was a row before, to the byte.
    #[must_use]
    pub fn knows(&self, text: &str) -> bool {
        self.digests.find(row_digest(text)).is_some()
    }

    /// Rows so far.
    #[must_use]
    pub fn rows_seen(&self) -> u64 {
        self.seen.counts.seen
    }

    /// The rows that were not handed over yet.
    #[must_use]
    pub fn rest(&mut self) -> Option<Chunk> {
        Some(std::mem::take(&mut self.chunk)).filter(|chunk| !chunk.is_empty())
    }

    fn row(&mut self, line: i64, index: i32, text: &str) -> Result<(), Error> {
        self.seen.counts.seen += 1;
        let row_digest = row_digest(text);
        if let Some(index) =
            self.digests.find(row_digest).and_then(|row| self.known_to_say(row.hash_id, row.wording))
        {
            self.same(index);
            return Ok(());
        }
        match Row::parse(text) {
            Ok(row) => self.parsed(line, index, &row, row_digest),
            Err(error) if error.malformed => {
                return Err(Error::MalformedRow { line, index, reason: error.reason });
            }
            Err(error) => {
                self.seen.counts.rejected += 1;
                match error.hash_id {
                    Some(hash_id) => {
                        self.seen.rejected.insert(hash_id);
                    }
                    None => self.seen.rejects_without_id += 1,
                }
                self.chunk.bytes += text.len();
                self.chunk.rejects.push(Reject {
                    line,
                    index,
                    hash_id: error.hash_id,
                    pointer: error.pointer,
                    reason: error.reason,
                    fragment: text.to_owned(),
                });
            }
        }
        Ok(())
    }

    /// The listing, if this wording is what is known of it.
    fn known_to_say(&self, hash_id: i64, wording: Uuid) -> Option<usize> {
        let index = self.index(hash_id)?;
        self.known.get(index).filter(|known| known.digest == wording).map(|_| index)
    }

    fn index(&self, hash_id: i64) -> Option<usize> {
        self.by_id.get(&hash_id).and_then(|index| usize::try_from(*index).ok())
    }

    /// A row that says of a known listing what is known of it.
    fn same(&mut self, index: usize) {
        let Some((listing, found)) = self.known.get(index).zip(self.found.get_mut(index)) else { return };
        if *found != Found::Nothing {
            self.seen.counts.duplicate += 1;
            return;
        }
        *found = Found::Same;
        let listing = *listing;
        self.sighting(&listing.place, listing.total_price, listing.area_m2);
    }

    fn parsed(&mut self, line: i64, index: i32, row: &Row<'_>, row_digest: RowDigest) {
        let hash_id = row.hash_id;
        let attributes = Attributes::of(row, &mut self.scratch);
        self.digests.remember(Remembered { row: row_digest, hash_id, wording: attributes.digest });
        if let Some(index) = self.known_to_say(hash_id, attributes.digest) {
            return self.same(index);
        }
        let place = ListingPlace {
            category: row.category,
            deal: row.deal,
            sub_category: row.sub_category,
            region_id: row.locality.region_id,
            district_id: row.locality.district_id,
        };
        let first = match self.index(hash_id).and_then(|index| self.found.get_mut(index)) {
            Some(found @ Found::Nothing) => {
                *found = Found::Other;
                true
            }
            Some(_) => false,
            None => self.others.insert(hash_id),
        };
        if first {
            self.sighting(&place, row.total_price, row.areas.area_m2);
        } else {
            self.seen.counts.duplicate += 1;
        }
        self.chunk.bytes += attributes.encoded.len();
        self.chunk.rows.push(ParsedRow {
            hash_id,
            line,
            index,
            first,
            total_price: row.total_price,
            currency: row.currency,
            area_m2: row.areas.area_m2,
            place,
            latitude: row.locality.latitude,
            longitude: row.locality.longitude,
            attributes,
        });
    }

    fn sighting(&mut self, place: &ListingPlace, total_price: Option<i64>, area_m2: Option<i32>) {
        self.seen.counts.loaded += 1;
        if (place.category, place.deal) != (self.filter.category, self.filter.deal) {
            self.seen.elsewhere += 1;
        }
        if self.filter.matches(place) {
            self.seen.samples.extend(Sample::new(place, total_price, area_m2));
        }
    }

    pub(crate) fn finish(self) -> Compared {
        let Self { known, found, others, digests, seen, .. } = self;
        Compared { known, found, others, digests, seen }
    }
}

fn is_in_crowns(currency: Option<i16>) -> bool {
    currency.is_none_or(|currency| currency == CROWNS)
}
