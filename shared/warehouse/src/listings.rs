//! A chunk of rows: looked up, written, and sorted by what else they change.

use std::collections::HashMap;

use tokio_postgres::Transaction;
use uuid::Uuid;

use crate::attributes;
use crate::compare::{Chunk, KnownListing, ParsedRow, Reject};
use crate::copy::CopyRows;
use crate::error::{Context, Error};
use crate::falsification::{ComparedPrice, Position};
use crate::history::{Coverage, Said, Stay, newest_sighting};
use crate::known::{KnownHistory, KnownRows, LookedUp, Reading, SaidFirst};
use crate::merge::{Affected, Merge, Parameter, Unchanged, Whereabouts, each};
use crate::newcomer::Newcomer;
use crate::prepared::Prepared;
use sreality::row::PARSER_VERSION;

/// The values of a row of `warehouse.listing` beside the attributes that are copied.
const LISTING_HEAD: &str = "hash_id, first_seen, total_price, price_since, digest";
/// Those values and the attributes.
const LISTING_VALUES: i16 = 5 + attributes::values(attributes::ATTRIBUTES.len());

const VERSION: &str = "warehouse.listing_version (
    hash_id, digest, seen_at, walk_id, line, row_index, latitude, longitude
)";
const SPELL: &str = "warehouse.spell (hash_id, first_seen, first_walk, total_price)";
const REJECT: &str = "warehouse.reject (
    walk_id, line, row_index, hash_id, pointer, reason, fragment, parser_version
)";

/// Where changed listings wait for the end of the load. It lives as long as the connection.
const CREATE_CHANGED: &str =
    "create temporary table if not exists changed_listing (like warehouse.listing) on commit delete rows";

const MOVE_VERSION: &str = "
update warehouse.listing_version
set (seen_at, walk_id, line, row_index) = ($3, $4, $5, $6)
where hash_id = $1 and digest = $2";

/// Rows of a chunk on their way into the tables.
#[derive(Default)]
struct Copies {
    listings: CopyRows,
    changed: CopyRows,
    versions: CopyRows,
    spells: CopyRows,
    stays: CopyRows,
    rejects: CopyRows,
    /// Wordings whose first row this walk has: listing, digest, where.
    moved: Vec<(i64, Uuid, SaidFirst)>,
}

/// What was known of a listing at the time of a walk that may not be its newest.
struct Past {
    known: KnownHistory,
    /// Where it ever was.
    positions: Vec<Position>,
}

impl Merge<'_> {
    /// Looks the rows of a chunk up and writes what they say: listings and their wordings now, histories at the end.
    pub(crate) async fn write(&mut self, mut chunk: Chunk) -> Result<(), Error> {
        // In the order of the key, most rows belong into a page of the index that was just used. Rows that say the same
        // stay in the order of the walk.
        chunk.rows.sort_by_key(ParsedRow::wording);
        let wordings = || chunk.rows.chunk_by(|row, next| row.wording() == next.wording());
        let said: Vec<(i64, Uuid)> = wordings().filter_map(<[_]>::first).map(ParsedRow::wording).collect();
        let known = self.reading().known_rows(&said).await?;
        let pasts = self.pasts_of_unsure(&known).await?;
        let mut copies = Copies::default();
        for rows in wordings() {
            if let Some(row) = rows.first() {
                self.wording(row, known.said_first.get(&row.wording()), &mut copies);
            }
            for row in rows.iter().filter(|row| row.first) {
                match known.listings.get(&row.hash_id) {
                    None => self.new_listing(row, &mut copies),
                    Some(known) => self.known_listing(row, known, pasts.get(&row.hash_id), &mut copies),
                }
            }
        }
        for reject in &chunk.rejects {
            self.reject(reject, &mut copies);
        }
        // Its rows are encoded: they need not be held while their copies are sent.
        drop(chunk);
        copies.send(&self.transaction, self.prepared).await
    }

    /// The pasts of those listings whose newest sighting may be later than the walk: all, if the walk is late, and those
    /// that are of another category or deal type, where other walks see them.
    async fn pasts_of_unsure(&mut self, known: &KnownRows) -> Result<HashMap<i64, Past>, Error> {
        let pair = (self.filter.category, self.filter.deal);
        let unsure = known.listings.values().map(|known| known.listing);
        let unsure: Vec<KnownListing> = unsure
            .filter(|listing| self.late || (listing.place.category, listing.place.deal) != pair)
            .collect();
        if unsure.is_empty() {
            return Ok(HashMap::new());
        }
        let mut reading = Reading { transaction: &self.transaction, prepared: self.prepared };
        for listing in &unsure {
            self.walks.read(&mut reading, &listing.place).await?;
        }
        let ids: Vec<i64> = unsure.iter().map(|listing| listing.hash_id).collect();
        let mut positions = reading.all_positions(&ids).await?;
        let histories = reading.histories(&ids).await?;
        let past = |(hash_id, known)| {
            let positions = positions.remove(&hash_id).unwrap_or_default();
            (hash_id, Past { known, positions })
        };
        Ok(histories.into_iter().map(past).collect())
    }

    /// A wording that no earlier row carried. Duplicates count too: they are rows like any other.
    fn wording(&self, row: &ParsedRow, known: Option<&SaidFirst>, copies: &mut Copies) {
        let digest = row.attributes.digest;
        let said_first = (self.moment, row.line, row.index);
        match known {
            Some(known) if *known <= said_first => {}
            Some(_) => copies.moved.push((row.hash_id, digest, said_first)),
            None => {
                let versions = &mut copies.versions;
                versions.row(8);
                versions.add(row.hash_id);
                versions.add(digest);
                versions.add(self.moment.at);
                versions.add(self.moment.walk);
                versions.add(row.line);
                versions.add(row.index);
                versions.add(row.latitude);
                versions.add(row.longitude);
            }
        }
    }

    fn new_listing(&mut self, row: &ParsedRow, copies: &mut Copies) {
        self.found.written.push(row.hash_id);
        self.listing(row, &mut copies.listings);
        self.flat_for_sale(row);
        let pair = (self.filter.category, self.filter.deal);
        if self.late || (row.place.category, row.place.deal) != pair {
            // Walks that are known already may have missed it.
            return self.affect(row, None, Whereabouts::seen(row), false, false);
        }
        let spells = &mut copies.spells;
        spells.row(4);
        spells.add(row.hash_id);
        spells.add(self.moment.at);
        spells.add(self.moment.walk);
        spells.add(row.total_price);
        let stay = Stay::begun(self.moment.at);
        crate::kept::add_stay(&mut copies.stays, row.hash_id, &row.place, &stay);
        if self.found.newcomers_are_news && self.moment.at >= self.news_since {
            self.found.newcomers.push(Newcomer::of(row));
        }
        self.count(&stay, &row.place, 1);
        self.unchanged(row);
    }

    fn known_listing(&mut self, row: &ParsedRow, known: &LookedUp, past: Option<&Past>, copies: &mut Copies) {
        let listing = &known.listing;
        self.testify(row, known, past);
        let is_newest = past.is_none_or(|past| self.is_newest(listing, &past.known));
        let rewritten = is_newest && listing.digest != row.attributes.digest;
        if rewritten {
            self.found.changed = true;
            self.found.written.push(row.hash_id);
            self.listing(row, &mut copies.changed);
        }
        let before = Whereabouts::of(listing);
        let after = Whereabouts::seen(row);
        let comparable = listing.is_in_crowns()
            && row.is_in_crowns()
            && (before.place.category, before.place.deal) == (after.place.category, after.place.deal);
        if past.is_some() {
            let after = if is_newest { after } else { before };
            self.affect(row, Some(before), after, rewritten, comparable);
        } else if before == after
            && listing.total_price == row.total_price
            && !listing.missing
            && !listing.delisted
        {
            self.unchanged(row);
        } else {
            self.affect(row, Some(before), after, rewritten, comparable);
        }
    }

    /// Whether the walk's is the newest sighting of a listing.
    fn is_newest(&self, listing: &KnownListing, known: &KnownHistory) -> bool {
        let rejected_by = self.rejected_before(listing.hash_id, &known.rejected_by);
        let walks = self.walks.of(&listing.place);
        let coverage = Coverage { walks, place: &listing.place, rejected_by: &rejected_by };
        newest_sighting(&known.history, &coverage).is_none_or(|newest| self.moment >= newest)
    }

    fn unchanged(&mut self, row: &ParsedRow) {
        self.found.unchanged.push(Unchanged {
            hash_id: row.hash_id,
            total_price: row.total_price,
            matched: self.filter.matches(&row.place),
        });
    }

    fn affect(
        &mut self,
        row: &ParsedRow,
        before: Option<Whereabouts>,
        after: Whereabouts,
        rewritten: bool,
        comparable: bool,
    ) {
        let hash_id = row.hash_id;
        let said = Said::Seen(row.total_price);
        self.found.affected.push(Affected { hash_id, before, after, said, rewritten, comparable });
    }

    /// Notes what may testify that the walk is falsified: prices of its own time, and positions.
    fn testify(&mut self, row: &ParsedRow, known: &LookedUp, past: Option<&Past>) {
        self.flat_for_sale(row);
        let before = match past {
            None => known.listing.total_price,
            Some(past) => past.known.history.price_at(self.moment),
        };
        let before = before.filter(|_| known.listing.is_in_crowns());
        if let Some((before, now)) = before.zip(row.price_in_crowns()) {
            self.found.testimony.prices.extend(ComparedPrice::new(row.place.deal, before, now));
        }
        let Some(new) = row.latitude.zip(row.longitude) else { return };
        let old = match past {
            None => known.position,
            // Which of its wordings was the one of the time is not known, so any will do.
            Some(past) => nearest(&past.positions, new),
        };
        self.found.testimony.moves.extend(old.map(|old| (old, new)));
    }

    fn flat_for_sale(&mut self, row: &ParsedRow) {
        if (row.place.category, row.place.deal) == (1, 1) {
            self.found.testimony.flats_for_sale.extend(row.price_in_crowns());
        }
    }

    fn listing(&self, row: &ParsedRow, copies: &mut CopyRows) {
        copies.row(LISTING_VALUES);
        copies.add(row.hash_id);
        copies.add(self.moment.at);
        copies.add(row.total_price);
        copies.add(self.moment.at);
        copies.add(row.attributes.digest);
        copies.encoded(&row.attributes.encoded);
    }

    fn reject(&self, reject: &Reject, copies: &mut Copies) {
        let rejects = &mut copies.rejects;
        rejects.row(8);
        rejects.add(self.moment.walk);
        rejects.add(reject.line);
        rejects.add(reject.index);
        rejects.add(reject.hash_id);
        rejects.add(reject.pointer.as_str());
        rejects.add(reject.reason.as_str());
        rejects.add(reject.fragment.as_str());
        rejects.add(PARSER_VERSION);
    }

    /// Brings the listings that say something else in line with what they say: what, and how they stand then, unless their
    /// past says otherwise ([`State::seen`](crate::histories::State::seen)).
    pub(crate) async fn update_listings(&mut self) -> Result<(), Error> {
        if !self.found.changed {
            return Ok(());
        }
        let names = attributes::names("");
        let sql = format!(
            "insert into warehouse.listing ({LISTING_HEAD}, {names})
             select {LISTING_HEAD}, {names} from changed_listing
             on conflict (hash_id) do update
             set (price_since, total_price, last_seen, missing_since, delisted_at, digest, {names}) = (
                 case
                     when listing.missing_since is null
                         and listing.total_price is not distinct from excluded.total_price
                     then listing.price_since
                     else excluded.price_since
                 end,
                 excluded.total_price, null, null, null, excluded.digest, {}
             )",
            attributes::names("excluded."),
        );
        let statement = self.prepared.statement(&self.transaction, &sql).await?;
        self.transaction.execute(&statement, &[]).await.context("update the listings").map(drop)
    }
}

impl Copies {
    async fn send(self, transaction: &Transaction<'_>, prepared: &mut Prepared) -> Result<(), Error> {
        let columns = format!("({LISTING_HEAD}, {})", attributes::names(""));
        if !self.changed.is_empty() {
            transaction.batch_execute(CREATE_CHANGED).await.context("create the table of changes")?;
        }
        let changed = format!("changed_listing {columns}");
        let listings = format!("warehouse.listing {columns}");
        for (mut rows, into, action) in [
            (self.changed, changed.as_str(), "copy changed listings"),
            (self.listings, listings.as_str(), "copy new listings"),
            (self.versions, VERSION, "copy new wordings"),
            (self.spells, SPELL, "copy the spells of new listings"),
            (self.stays, crate::kept::STAY, "copy the stays of new listings"),
            (self.rejects, REJECT, "keep the rejects"),
        ] {
            rows.send(transaction, prepared, into, action).await?;
        }
        let action = "store where wordings were said first";
        each(transaction, prepared, MOVE_VERSION, &self.moved, version_row, action).await
    }
}

fn version_row((hash_id, digest, said_first): &(i64, Uuid, SaidFirst)) -> [Parameter<'_>; 6] {
    let (moment, line, index) = said_first;
    [hash_id, digest, &moment.at, &moment.walk, line, index]
}

/// Of all positions that a listing ever had, the one nearest to another.
fn nearest(positions: &[Position], (north, east): Position) -> Option<Position> {
    // Squared, which orders them alike. No `hypot`: that of newer C libraries is one that Amazon Linux 2023 lacks.
    let distance = |(old_north, old_east): &Position| (old_north - north).powi(2) + (old_east - east).powi(2);
    positions.iter().copied().min_by(|one, other| distance(one).total_cmp(&distance(other)))
}
