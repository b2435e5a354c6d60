create function warehouse.covers(
    walk warehouse.walk, category smallint, deal smallint, sub_category smallint, region_id integer, district_id integer
) returns boolean
language sql immutable parallel safe
begin atomic
    select walk.covering
        -- What the ledger is indexed by.
        and warehouse.pair(walk.category, walk.deal) = warehouse.pair(category, deal)
        and (walk.region_id is null or walk.region_id = region_id)
        and (walk.district_ids is null or district_id = any (walk.district_ids))
        and (walk.sub_categories is null or sub_category = any (walk.sub_categories));
end;
comment on function warehouse.covers is 'Whether a walk is covering and its filter matches a listing of this category, deal type, sub-category, region and district; null means no. It then covers each such listing but those whose rows it rejected: warehouse.reject names them.';
