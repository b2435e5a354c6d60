-- Sightings that the history has and the walk does not.
select format(
    'a spell of listing %s at %s says that the walk saw it, but it did not',
    under_way.hash_id,
    coalesce(under_way.total_price::text, 'no price')
)
from under_way
where under_way.implied and not exists (select from sighting where sighting.hash_id = under_way.hash_id)
