-- A function and not a part of the views: it is only called where there are narrowed walks or rejects, and a planner that
-- does not know this expects it to be dear. It reads as its owner, as views do: readers may not read the ledger.
create function warehouse.last_sighting(
    hash_id bigint, category smallint, deal smallint, sub_category smallint, region_id integer, district_id integer
) returns timestamptz
language sql stable parallel safe security definer cost 1
begin atomic
    select greatest(
        (
            select walk.started_at
            from warehouse.walk
            where warehouse.covers(
                    walk, last_sighting.category, last_sighting.deal, last_sighting.sub_category,
                    last_sighting.region_id, last_sighting.district_id
                )
                and not exists (
                    select
                    from warehouse.reject
                    where reject.walk_id = walk.id and reject.hash_id = last_sighting.hash_id
                )
            order by walk.started_at desc, walk.id desc
            limit 1
        ),
        (
            select extra.seen_at
            from warehouse.extra_sighting as extra
            where extra.hash_id = last_sighting.hash_id
            order by extra.seen_at desc
            limit 1
        )
    );
end;
comment on function warehouse.last_sighting is 'Start of the last walk that saw the listing, if its latest spell is open: the latest one that covers it, or a sighting since by a walk that does not.';
