//! What is on offer in a walk's segment: read before its rows are, and sorted afterwards by what the walk says of it.

use std::collections::HashSet;

use crate::compare::{Found, KnownListing, RowComparer};
use crate::error::Error;
use crate::falsification::ComparedPrice;
use crate::history::Said;
use crate::merge::{Affected, Merge, Unchanged, Whereabouts};
use crate::row_digest::RowDigests;

/// Reads what the walk's rows are compared with. A walk for new adverts only is looked up by its rows' ids: it never says
/// what is gone. So is one that comes late, since what is known now may be younger than it; what it may have missed is
/// returned beside.
pub(crate) async fn what_is_known(
    merge: &mut Merge<'_>,
    new_adverts_only: bool,
) -> Result<(RowComparer, Vec<KnownListing>), Error> {
    let filter = merge.filter.clone();
    let nothing = RowComparer::new(filter.clone(), Vec::new(), RowDigests::default());
    if new_adverts_only {
        return Ok((nothing, Vec::new()));
    }
    let since = merge.late.then_some(merge.moment.at);
    let on_offer = merge.reading().on_offer(&filter, since).await?;
    if merge.late {
        return Ok((nothing, on_offer));
    }
    let digests = RowDigests::read(&merge.transaction, merge.prepared, &filter).await?;
    Ok((RowComparer::new(filter, on_offer, digests), Vec::new()))
}

/// Sorts what was on offer by what the walk says of it.
pub(crate) fn weigh(
    merge: &mut Merge<'_>,
    known: &[(KnownListing, Found)],
    missed: impl Fn(&KnownListing) -> bool,
    implied: impl Fn(&KnownListing) -> bool,
) {
    for (listing, found) in known {
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
                let compared = price.map(|price| ComparedPrice { deal, before: price, now: price });
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

pub(crate) fn miss(merge: &mut Merge<'_>, listing: &KnownListing) {
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
    known: &[(KnownListing, Found)],
    digests: RowDigests,
) -> Result<(), Error> {
    if !digests.have_grown() {
        return Ok(());
    }
    let filter = merge.filter.clone();
    let on_offer: HashSet<i64> = known.iter().map(|(listing, _)| listing.hash_id).collect();
    let forgets = filter.is_whole() && !known.is_empty();
    digests
        .write(&merge.transaction, merge.prepared, &filter, |row| !forgets || on_offer.contains(&row.hash_id))
        .await
}
