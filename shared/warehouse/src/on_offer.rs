//! What is on offer in a walk's segment: read before its rows are, and sorted afterwards by what the walk says of it.

use std::collections::HashSet;

use crate::compare::{Found, KnownListing, RowComparer};
use crate::error::Error;
use crate::falsification::ComparedPrice;
use crate::history::Said;
use crate::merge::{Affected, Merge, Unchanged, Whereabouts};
use crate::row_digest::RowDigests;

/// The rows of a narrow walk over fewer listings are parsed sooner than the digests of all rows of its category and deal
/// type are read.
const FEW: usize = 500;

/// Reads what the walk's rows are compared with. A walk for new adverts only is looked up by its rows' ids: it never says
/// what is gone. So is one that comes late, since what is known now may be younger than it.
pub(crate) async fn what_is_known(
    merge: &mut Merge<'_>,
    new_adverts_only: bool,
) -> Result<RowComparer, Error> {
    let filter = merge.filter.clone();
    if new_adverts_only || merge.late {
        return Ok(RowComparer::new(filter));
    }
    let on_offer = merge.reading().on_offer(&filter, None, |_| true).await?;
    let digests = if filter.is_whole() || on_offer.len() >= FEW {
        RowDigests::read(&merge.transaction, merge.prepared, &filter).await?
    } else {
        RowDigests::default()
    };
    Ok(RowComparer::with_known(filter, on_offer, digests))
}

/// Sorts what was on offer by what the walk says of it.
pub(crate) fn weigh(
    merge: &mut Merge<'_>,
    known: &[KnownListing],
    found: &[Found],
    missed: impl Fn(&KnownListing) -> bool,
    implied: impl Fn(&KnownListing) -> bool,
) {
    for (listing, found) in known.iter().zip(found) {
        // What an earlier walk has missed already, this one does not lose.
        let lost = usize::from(!listing.missing);
        merge.found.coverage.on_offer += lost;
        match found {
            Found::Other => {}
            Found::Nothing if missed(listing) => {
                merge.found.coverage.missed += lost;
                miss(merge, listing);
            }
            Found::Nothing => {}
            Found::Same => {
                let price = listing.price_in_crowns();
                let deal = listing.place.deal;
                let compared = price.and_then(|price| ComparedPrice::new(deal, price, price));
                merge.found.testimony.prices.extend(compared);
                if (listing.place.category, deal) == (1, 1) {
                    merge.found.testimony.flats_for_sale.extend(price);
                }
                if listing.missing {
                    affect(merge, listing, Said::Seen(listing.total_price));
                } else if !implied(listing) {
                    let KnownListing { hash_id, total_price, .. } = *listing;
                    merge.found.unchanged.push(Unchanged { hash_id, total_price, matched: true });
                }
            }
        }
    }
}

/// Notes what a walk that comes late has missed. It is read after the walk's rows: most of it was seen, and need not be held.
pub(crate) async fn miss_what_was_on_offer(
    merge: &mut Merge<'_>,
    missed: impl Fn(&KnownListing) -> bool,
) -> Result<(), Error> {
    let filter = merge.filter.clone();
    let at = merge.moment.at;
    let unseen = merge.reading().on_offer(&filter, Some(at), missed).await?;
    unseen.iter().for_each(|listing| miss(merge, listing));
    Ok(())
}

fn miss(merge: &mut Merge<'_>, listing: &KnownListing) {
    affect(merge, listing, Said::Unseen);
}

fn affect(merge: &mut Merge<'_>, listing: &KnownListing, said: Said) {
    let whereabouts = Whereabouts::of(listing);
    merge.found.affected.push(Affected {
        hash_id: listing.hash_id,
        before: Some(whereabouts),
        after: whereabouts,
        said,
        rewritten: false,
        comparable: listing.is_in_crowns(),
    });
}

/// Keeps the digests of rows for the next load, if any was parsed; a walk of the whole category and deal type also forgets what is gone.
pub(crate) async fn remember_digests(
    merge: &mut Merge<'_>,
    known: &[KnownListing],
    digests: RowDigests,
) -> Result<(), Error> {
    if !digests.have_grown() {
        return Ok(());
    }
    let filter = merge.filter.clone();
    let on_offer: HashSet<i64> = known.iter().map(|listing| listing.hash_id).collect();
    let forgets = filter.is_whole() && !known.is_empty();
    digests
        .write(&merge.transaction, merge.prepared, &filter, |row| !forgets || on_offer.contains(&row.hash_id))
        .await
}
