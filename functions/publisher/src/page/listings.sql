-- What is on offer in each region, if the operator shows single listings: mart.current_listing, and by how much the last change
-- of price was (mart.price_change). Column by column, the newest first. Listings abroad have no region, and no slice.
with last_change as materialized (
    select distinct on (hash_id) hash_id, percent
    from mart.price_change
    order by hash_id, changed_at desc
)
select
    translate(lower(category || '-' || deal), 'áčďéěíňóřšťúůýž ', 'acdeeinorstuuyz-') || '-listings-'
        -- A database in the locale C knows the small letters of ASCII only.
        || lower(translate(region, 'áčďéěíňóřšťúůýžČŘŠÚŽ ', 'acdeeinorstuuyzCRSUZ-')),
    json_build_object(
        'region', region,
        'kind', json_agg(sub_category order by newest),
        'name', json_agg(name order by newest),
        'district', json_agg(district order by newest),
        'city', json_agg(concat_ws(', ', city, city_part) order by newest),
        'area_m2', json_agg(area_m2 order by newest),
        'total_price', json_agg(total_price order by newest),
        'price_per_m2', json_agg(price_per_m2 order by newest),
        'since', json_agg(first_seen::date order by newest),
        'change_percent', json_agg(percent order by newest),
        'url', json_agg(url order by newest)
    )::text
from (
    select listing.*, last_change.percent, row_number() over (order by first_seen desc, hash_id) as newest
    from mart.current_listing as listing
    left join last_change using (hash_id)
    where region is not null
) as listing
group by category, deal, region
