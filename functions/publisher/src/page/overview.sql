-- What there is to choose from: mart.price_level over the country and all kinds, on its latest day.
select
    'overview',
    coalesce(
        jsonb_agg(
            jsonb_build_object(
                'category', category, 'deal', deal, 'day', day, 'listings', listings, 'median', median
            )
            order by listings desc, category, deal
        ),
        '[]'
    )::text
from (
    select distinct on (category, deal) category, deal, day, listings, median
    from mart.price_level
    where place = 'country' and all_sub_categories and listings >= $1::integer
        and day > (select max(day) - 400 from mart.walk_health where complete)
    order by category, deal, day desc
) as latest
