-- The history of the affected listings in pieces: runs of sightings at one price, in which no complete walk that
-- covers the listing missed it. A spell that this walk contradicts falls into its single sightings, the others are
-- taken whole; the walk's own sighting joins them.
--
-- $1: the walk.
create temporary table piece on commit drop as
with walk as (
    select * from warehouse.walk where id = $1
),
-- A listing that moved is covered by other walks than before: nothing of its history is taken for granted.
rebuilt as (
    select
        affected.*,
        (affected.category, affected.deal, affected.sub_category, affected.region_id, affected.district_id)
            is distinct from
            (listing.category, listing.deal, listing.sub_category, listing.region_id, listing.district_id) as moved
    from affected
    join warehouse.listing using (hash_id)
    where affected.rebuild
),
known as (
    select
        spell.hash_id,
        spell.first_seen,
        spell.first_walk,
        coalesce(spell.last_seen, rebuilt.head_seen) as last_seen,
        coalesce(spell.last_walk, rebuilt.head_walk) as last_walk,
        spell.total_price,
        rebuilt.moved,
        rebuilt.seen and spell.total_price is not distinct from rebuilt.total_price as agrees,
        (walk.started_at, walk.id) between
            (spell.first_seen, spell.first_walk)
            and (coalesce(spell.last_seen, rebuilt.head_seen), coalesce(spell.last_walk, rebuilt.head_walk)) as within
    from walk
    cross join rebuilt
    join warehouse.spell using (hash_id)
),
-- Within a spell, every complete walk that covers the listing saw it; the other sightings are kept one by one.
single as (
    select known.hash_id, full_walk.started_at as seen_at, full_walk.id as walk_id, known.total_price
    from known
    join affected using (hash_id)
    join warehouse.walk as full_walk
        on full_walk.complete
        and warehouse.covers(
            full_walk, affected.category, affected.deal, affected.sub_category, affected.region_id, affected.district_id
        )
        and (full_walk.started_at, full_walk.id)
            between (known.first_seen, known.first_walk) and (known.last_seen, known.last_walk)
    where known.moved or (known.within and not known.agrees)
    union
    select known.hash_id, walk.started_at, walk.id, known.total_price
    from known
    join warehouse.extra_sighting using (hash_id)
    join warehouse.walk
        on walk.id = extra_sighting.walk_id
        and (walk.started_at, walk.id)
            between (known.first_seen, known.first_walk) and (known.last_seen, known.last_walk)
    where known.moved or (known.within and not known.agrees)
)
select hash_id, first_seen, first_walk, last_seen, last_walk, total_price
from known
where not (known.moved or (known.within and not known.agrees))
union all
select hash_id, seen_at, walk_id, seen_at, walk_id, total_price
from single
where walk_id <> $1
union all
select rebuilt.hash_id, walk.started_at, walk.id, walk.started_at, walk.id, rebuilt.total_price
from walk
cross join rebuilt
where rebuilt.seen
    and not exists (
        select
        from known
        where known.hash_id = rebuilt.hash_id and known.within and known.agrees and not known.moved
    )
