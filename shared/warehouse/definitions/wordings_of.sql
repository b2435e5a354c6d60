-- A function and not a part of the load's query: it is run for each id by itself, whatever the planner believes of the
-- table, and nothing of its cost is multiplied.
create function warehouse.wordings_of(
    listing bigint,
    out digests uuid[],
    out seen_at timestamptz[],
    out walks uuid[],
    out lines bigint[],
    out row_indexes integer[],
    out latitudes double precision[],
    out longitudes double precision[]
)
language sql stable
begin atomic
    select
        array_agg(version.digest), array_agg(version.seen_at), array_agg(version.walk_id), array_agg(version.line),
        array_agg(version.row_index), array_agg(version.latitude), array_agg(version.longitude)
    from warehouse.listing_version as version
    where version.hash_id = listing;
end;
comment on function warehouse.wordings_of is 'For the load: all wordings of a listing, side by side.';
