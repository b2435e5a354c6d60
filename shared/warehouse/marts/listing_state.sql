create view mart.listing_state as
select hash_id, total_price, first_seen, last_sighting as last_seen, missing_since, delisted_at
from warehouse.named_listing;
comment on view mart.listing_state is 'Every listing ever seen, with its latest price and times. Large: for what is on offer take current_listing.';
comment on column mart.listing_state.total_price is 'Whole crowns, per month for rents; null on request.';
comment on column mart.listing_state.first_seen is 'Start of the first walk that saw it.';
comment on column mart.listing_state.last_seen is 'Start of the last walk that saw it.';
comment on column mart.listing_state.missing_since is 'Start of the first complete walk since then that covered it and missed it.';
comment on column mart.listing_state.delisted_at is 'Start of the third such walk in a row: the listing is gone.';
