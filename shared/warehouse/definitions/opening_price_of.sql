-- A function for the reason that history_of is one.
create function warehouse.opening_price_of(listing bigint) returns bigint
language sql stable
begin atomic
    select total_price
    from warehouse.spell
    where hash_id = opening_price_of.listing
    order by first_seen, first_walk
    limit 1;
end;
comment on function warehouse.opening_price_of is 'For the load: the price that a listing was first seen at.';
