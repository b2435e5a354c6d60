-- Every listing has a spell, stands as its spells say, and shows a wording whose row is known; and every spell has a listing.
select format(
    'listing %s: %s',
    hash_id,
    case
        when state.hash_id is null then 'it is in warehouse.listing, but has no spell in warehouse.spell'
        when listing.hash_id is null then 'it has a spell in warehouse.spell, but is not in warehouse.listing'
        when state.first_seen <> listing.first_seen then format(
            'warehouse.listing has it first seen at %s, its first spell begins at %s',
            listing.first_seen,
            state.first_seen
        )
        when version.hash_id is null
            then 'the wording that warehouse.listing shows is not in warehouse.listing_version'
        else format(
            'warehouse.listing has another %s than its latest spell',
            concat_ws(
                ', ',
                case when listing.total_price is distinct from state.total_price then 'total_price' end,
                case when listing.price_since <> state.price_since then 'price_since' end,
                case when listing.last_seen is distinct from state.last_seen then 'last_seen' end,
                case when listing.missing_since is distinct from state.missing_since then 'missing_since' end,
                case when listing.delisted_at is distinct from state.delisted_at then 'delisted_at' end
            )
        )
    end
)
from warehouse.listing
full join warehouse.listing_state_by_definition as state using (hash_id)
left join warehouse.listing_version as version using (hash_id, digest)
where version.hash_id is null
    or (
        state.first_seen, state.total_price, state.price_since, state.last_seen, state.missing_since, state.delisted_at
    ) is distinct from (
        listing.first_seen, listing.total_price, listing.price_since, listing.last_seen, listing.missing_since,
        listing.delisted_at
    )
