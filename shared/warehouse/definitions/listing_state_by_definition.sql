create view warehouse.listing_state_by_definition as
select distinct on (hash_id)
    hash_id,
    min(first_seen) over (partition by hash_id) as first_seen,
    total_price,
    first_seen as price_since,
    last_seen,
    missing_since,
    delisted_at
from warehouse.spell
order by hash_id, spell.first_seen desc, spell.first_walk desc;
comment on view warehouse.listing_state_by_definition is 'What these columns of warehouse.listing must hold: how the latest spell stands, and when the first one began.';
