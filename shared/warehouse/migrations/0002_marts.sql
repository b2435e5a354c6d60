-- What analysts and the dashboard read.

create schema mart;

-- When each listing was seen, and whether complete walks have missed it since.
create view mart.listing_state as
select
    listing.hash_id,
    spell.total_price,
    opened.first_seen,
    coalesce(spell.last_seen, head.started_at) as last_seen,
    missing.missing_since,
    missing.delisted_at
from warehouse.listing
cross join lateral (
    select total_price, last_seen
    from warehouse.spell
    where spell.hash_id = listing.hash_id
    order by spell.first_seen desc
    limit 1
) as spell
cross join lateral (
    select min(first_seen) as first_seen
    from warehouse.spell
    where spell.hash_id = listing.hash_id
) as opened
left join lateral (
    select max(walk.started_at) as started_at
    from warehouse.walk
    where spell.last_seen is null and walk.complete and warehouse.covers(walk, listing)
) as head on true
left join lateral (
    select min(started_at) as missing_since, (array_agg(started_at order by started_at))[3] as delisted_at
    from warehouse.walk
    where walk.complete and walk.started_at > spell.last_seen and warehouse.covers(walk, listing)
) as missing on true;
comment on view mart.listing_state is 'Every listing with the price and times of its history. missing_since: the first complete walk that covered it and did not see it; delisted_at: the third in a row.';

create view mart.current_listing as
select
    listing.hash_id,
    category.name as category,
    deal.name as deal,
    sub_category.name as sub_category,
    listing.name,
    state.total_price,
    round(state.total_price::numeric / nullif(listing.area_m2, 0))::bigint as price_per_m2,
    listing.area_m2,
    listing.plot_area_m2,
    region.name as region,
    district.name as district,
    listing.city,
    listing.city_part,
    listing.street,
    listing.latitude,
    listing.longitude,
    listing.agency,
    state.first_seen,
    state.last_seen,
    state.missing_since,
    walk.segment,
    walk.key as object_key,
    listing.walk_id,
    listing.line,
    listing.row_index
from warehouse.listing
join mart.listing_state as state using (hash_id)
join warehouse.walk on walk.id = listing.walk_id
left join warehouse.code as category on category.kind = 'category_main' and category.code = listing.category
left join warehouse.code as deal on deal.kind = 'category_type' and deal.code = listing.deal
left join warehouse.code as sub_category on sub_category.kind = 'category_sub' and sub_category.code = listing.sub_category
left join warehouse.code as region on region.kind = 'region' and region.code = listing.region_id
left join warehouse.code as district on district.kind = 'district' and district.code = listing.district_id
where state.delisted_at is null;
comment on view mart.current_listing is 'Listings on offer: seen by the latest complete walk that covers them, or not yet missed three times in a row. object_key, line and row_index lead to the raw row.';

create view mart.price_change as
select
    change.hash_id,
    change.changed_at,
    change.old_price,
    change.new_price,
    change.new_price - change.old_price as difference,
    round(100.0 * (change.new_price - change.old_price) / change.old_price, 1) as percent,
    listing.name,
    listing.city,
    district.name as district
from (
    select
        hash_id,
        first_seen as changed_at,
        total_price as new_price,
        lag(total_price) over (partition by hash_id order by first_seen) as old_price
    from warehouse.spell
) as change
join warehouse.listing using (hash_id)
left join warehouse.code as district on district.kind = 'district' and district.code = listing.district_id
where change.old_price <> change.new_price;
comment on view mart.price_change is 'Every change from one known total price to another, with its size in crowns and per cent.';
