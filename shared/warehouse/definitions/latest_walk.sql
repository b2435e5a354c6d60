create view warehouse.latest_walk as
select
    category,
    deal,
    max(started_at) filter (where nationwide) as nationwide,
    max(started_at) filter (where not nationwide) as narrowed
from (
    select category, deal, started_at,
        region_id is null and district_ids is null and sub_categories is null as nationwide
    from warehouse.walk
    where covering
) as walk
group by category, deal;
comment on view warehouse.latest_walk is 'Start of the latest covering walk of each category and deal, nationwide and narrowed.';
