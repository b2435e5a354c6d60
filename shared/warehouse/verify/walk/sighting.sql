-- Sightings that the history does not have: each lies within a spell of its listing, at its price.
select format(
    'line %s, row %s: listing %s was seen at %s, %s',
    sighting.line,
    sighting.row_index,
    sighting.hash_id,
    coalesce(sighting.total_price::text, 'no price'),
    case
        when listing.hash_id is null then 'but is not in warehouse.listing'
        when under_way.hash_id is null then 'but no spell in warehouse.spell was under way then'
        else format('but the spell under way then has %s', coalesce(under_way.total_price::text, 'no price'))
    end
)
from sighting
left join warehouse.listing using (hash_id)
left join under_way using (hash_id)
where under_way.hash_id is null or under_way.total_price is distinct from sighting.total_price
