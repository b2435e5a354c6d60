create view mart.price_level as
select
    cell.day,
    cell.category,
    cell.deal,
    cell.place,
    cell.sub_category = -1 as all_sub_categories,
    cell.region,
    cell.district,
    sub_category.name as sub_category,
    cell.listings,
    cell.lower_quartile,
    cell.median,
    cell.upper_quartile
from (
    -- Taken apart in the select list and not by a lateral join, which takes three times as long.
    select
        level.day,
        category.name as category,
        deal.name as deal,
        case
            when level.region_id = -1 then 'country'
            when level.district_id = -1 then 'region'
            else 'district'
        end as place,
        region.name as region,
        district.name as district,
        unnest(level.sub_categories) as sub_category,
        unnest(level.listings) as listings,
        unnest(level.lower_quartiles) as lower_quartile,
        unnest(level.medians) as median,
        unnest(level.upper_quartiles) as upper_quartile
    from warehouse.price_level as level
    left join warehouse.category on category.code = level.category
    left join warehouse.deal on deal.code = level.deal
    left join warehouse.region on region.code = level.region_id
    left join warehouse.district on district.code = level.district_id
) as cell
left join warehouse.sub_category on sub_category.code = cell.sub_category;
comment on view mart.price_level is 'Price per m² by day and place, in whole crowns, as the last complete walk of the UTC day saw it: by country, region and district, each by sub-category and over all of them. Filter by place and all_sub_categories, for a row is part of others, and by category and deal: it is large.';
comment on column mart.price_level.place is 'country, region or district: what the row is about.';
comment on column mart.price_level.all_sub_categories is 'Whether all sub-categories are taken together; sub_category is null then, as it is for listings without one.';
comment on column mart.price_level.listings is 'How many listings with a price and an area.';
comment on column mart.price_level.lower_quartile is 'A quarter of the listings costs this or less.';
comment on column mart.price_level.median is 'Half of the listings cost this or less: a price that some listing has.';
comment on column mart.price_level.upper_quartile is 'Three quarters of the listings cost this or less.';
