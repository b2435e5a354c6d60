-- The ends of spells are sightings: each at the start of a walk that saw the listing, by the spell itself if the walk
-- covers it, else by an extra sighting at the spell's price.
select format(
    'listing %s, spell from %s: %s',
    spell.hash_id,
    spell.first_seen,
    case
        when walk.id is null then format('its %s_walk is not in the ledger', finish.name)
        when walk.started_at <> finish.seen
            then format('%s_seen is %s, but that walk started at %s', finish.name, finish.seen, walk.started_at)
        else format(
            'its %s_walk does not cover the listing, and warehouse.extra_sighting has no sighting by it at that price',
            finish.name
        )
    end
)
from warehouse.spell
join warehouse.listing using (hash_id)
cross join lateral (
    values ('first', spell.first_seen, spell.first_walk), ('last', spell.last_seen, spell.last_walk)
) as finish (name, seen, walk_id)
left join warehouse.walk on walk.id = finish.walk_id
left join warehouse.extra_sighting as extra
    on extra.hash_id = spell.hash_id and extra.seen_at = finish.seen and extra.walk_id = finish.walk_id
where finish.walk_id is not null
    and (
        walk.id is null
        or walk.started_at <> finish.seen
        or (
            (
                warehouse.covers(
                    walk, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
                ) is not true
                or exists (
                    select from warehouse.reject where reject.walk_id = walk.id and reject.hash_id = spell.hash_id
                )
            )
            and (extra.hash_id is null or extra.total_price is distinct from spell.total_price)
        )
    )
