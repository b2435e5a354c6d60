-- By the number that listings on offer are indexed by. Grouped, so that the planner sees one row for each pair and leaves
-- the join out where nobody asks for a name.
create view warehouse.named_pair as
select
    warehouse.pair(category.code::smallint, deal.code::smallint) as pair,
    min(category.name) as category_name,
    min(deal.name) as deal_name,
    min(category.address) as category_address,
    min(deal.address) as deal_address
from warehouse.category
cross join warehouse.deal
group by 1;
comment on view warehouse.named_pair is 'The names of each category and deal type, and what stands for them in an advert''s address.';
