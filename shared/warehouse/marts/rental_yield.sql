create view mart.rental_yield as
with latest as (
    select category, deal, max(day) as day
    from (values (1::smallint, 1::smallint), (1, 2), (2, 1), (2, 2)) as pair (category, deal)
    cross join lateral (
        select level.day
        from warehouse.price_level as level
        where level.category = pair.category and level.deal = pair.deal
        order by level.day desc
        limit 1
    ) as known
    group by category, deal
),
-- What was walked in the last week; of each cell the latest day.
level as (
    select distinct on (level.category, level.deal, level.region_id, level.district_id, cell.sub_category)
        level.category, level.deal, level.region_id, level.district_id, level.day, cell.*
    from latest
    join warehouse.price_level as level
        on level.category = latest.category and level.deal = latest.deal
        and level.day between latest.day - 6 and latest.day
    cross join lateral unnest(level.sub_categories, level.listings, level.medians) as cell (sub_category, listings, median)
    where level.district_id > 0
    order by level.category, level.deal, level.region_id, level.district_id, cell.sub_category, level.day desc
)
select
    category.name as category,
    region.name as region,
    district.name as district,
    sub_category.name as sub_category,
    sale.sub_category = -1 as all_sub_categories,
    sale.listings as for_sale,
    rent.listings as for_rent,
    least(sale.listings, rent.listings) as fewest,
    sale.median as sale_price_per_m2,
    rent.median as rent_per_m2,
    round(100.0 * 12 * rent.median / nullif(sale.median, 0), 2) as gross_yield_percent,
    least(sale.day, rent.day) as day
from level as sale
join level as rent using (category, region_id, district_id, sub_category)
left join warehouse.category on category.code = sale.category
left join warehouse.sub_category on sub_category.code = sale.sub_category
left join warehouse.region on region.code = sale.region_id
left join warehouse.district on district.code = sale.district_id
where sale.deal = 1 and rent.deal = 2;
comment on view mart.rental_yield is 'Gross rental yield of flats and houses by district and disposition: twelve median monthly rents per m² by the median sale price per m², as the latest complete walks saw them. Before costs, taxes and vacancy, and of what is asked, not paid.';
comment on column mart.rental_yield.all_sub_categories is 'Whether all dispositions of the district are taken together; sub_category is null then.';
comment on column mart.rental_yield.fewest is 'The smaller of for_sale and for_rent: a yield of a handful says little, so filter by it.';
comment on column mart.rental_yield.day is 'Day of the older of the two medians: of each place the latest day of the last week on which it was walked.';
