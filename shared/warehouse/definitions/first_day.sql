-- By the index of turnover's key, one look-up for each pair; grouped, so that the planner sees one row for each and
-- leaves the join out where nobody asks for first_day.
create view warehouse.first_day as
select category.code::smallint as category, deal.code::smallint as deal, min(first.day) as day
from warehouse.category
cross join warehouse.deal
cross join lateral (
    select turnover.day
    from warehouse.turnover
    where turnover.category = category.code::smallint and turnover.deal = deal.code::smallint
    order by turnover.day
    limit 1
) as first
group by 1, 2;
comment on view warehouse.first_day is 'The UTC day on which anything of a category and deal was seen for the first time.';
