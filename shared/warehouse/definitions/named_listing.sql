-- Every join here is by a unique key, so the planner leaves out those whose columns nobody asks for.
create view warehouse.named_listing as
select
    listing.*,
    named_pair.category_name,
    named_pair.deal_name,
    sub_category.name as sub_category_name,
    region.name as region_name,
    district.name as district_name,
    warehouse.advert_url(
        named_pair.deal_address, named_pair.category_address, sub_category.address,
        listing.city_slug, listing.city_part_slug, listing.street_slug, listing.hash_id
    ) as url,
    case
        when listing.last_seen is not null then listing.last_seen
        when latest_walk.narrowed > latest_walk.nationwide or latest_walk.nationwide is null or seen_apart.rejected
        then warehouse.last_sighting(
            listing.hash_id, listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id
        )
        else greatest(latest_walk.nationwide, seen_apart.seen_at)
    end as last_sighting
from warehouse.listing
left join warehouse.named_pair on named_pair.pair = warehouse.pair(listing.category, listing.deal)
left join warehouse.sub_category on sub_category.code = listing.sub_category
left join warehouse.region on region.code = listing.region_id
left join warehouse.district on district.code = listing.district_id
left join warehouse.latest_walk on latest_walk.category = listing.category and latest_walk.deal = listing.deal
left join warehouse.seen_apart on seen_apart.hash_id = listing.hash_id;
comment on view warehouse.named_listing is 'Listings with names beside codes, their public address, and when they were last seen: what last_seen is, where it is not null.';
