-- The latest medians and quartiles by kind (sub-category), over the country and in each region: mart.price_level.
with latest as (
    select category, deal, max(day) as day
    from mart.price_level
    where place = 'country' and all_sub_categories
        and day > (select max(day) - 400 from mart.walk_health where complete)
    group by category, deal
)
select
    translate(lower(category || '-' || deal), 'áčďéěíňóřšťúůýž ', 'acdeeinorstuuyz-') || '-kinds',
    jsonb_agg(
        jsonb_strip_nulls(
            jsonb_build_object(
                'region', region, 'kind', sub_category, 'listings', listings, 'lower_quartile', lower_quartile,
                'median', median, 'upper_quartile', upper_quartile
            )
        )
        order by region nulls first, listings desc, sub_category
    )::text
from mart.price_level
join latest using (category, deal, day)
where (place = 'country' or place = 'region' and region is not null)
    and not all_sub_categories and sub_category is not null and listings >= $1::integer
group by category, deal
