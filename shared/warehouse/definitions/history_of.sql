-- A function and not a part of the load's query: it is run for each id by itself, whatever the planner believes of the
-- tables, and nothing of its cost is multiplied.
create function warehouse.history_of(
    listing bigint,
    out first_seen timestamptz[],
    out first_walks uuid[],
    out last_seen timestamptz[],
    out last_walks uuid[],
    out total_prices bigint[],
    out missing_since timestamptz[],
    out delisted_at timestamptz[],
    out next_seen timestamptz[],
    out extra_seen_at timestamptz[],
    out extra_walks uuid[],
    out extra_total_prices bigint[],
    out rejected_by uuid[]
)
language sql stable
begin atomic
    select
        spell.first_seen, spell.first_walks, spell.last_seen, spell.last_walks, spell.total_prices,
        spell.missing_since, spell.delisted_at, spell.next_seen,
        extra.seen_at, extra.walks, extra.total_prices,
        (select array_agg(reject.walk_id) from warehouse.reject where reject.hash_id = listing)
    from (
        select
            array_agg(spell.first_seen) as first_seen, array_agg(spell.first_walk) as first_walks,
            array_agg(spell.last_seen) as last_seen, array_agg(spell.last_walk) as last_walks,
            array_agg(spell.total_price) as total_prices, array_agg(spell.missing_since) as missing_since,
            array_agg(spell.delisted_at) as delisted_at, array_agg(spell.next_seen) as next_seen
        from warehouse.spell
        where spell.hash_id = listing
    ) as spell
    cross join (
        select
            array_agg(extra.seen_at) as seen_at, array_agg(extra.walk_id) as walks,
            array_agg(extra.total_price) as total_prices
        from warehouse.extra_sighting as extra
        where extra.hash_id = listing
    ) as extra;
end;
comment on function warehouse.history_of is 'For the load: the spells of a listing, its extra sightings, and the walks that rejected a row of it, side by side.';
