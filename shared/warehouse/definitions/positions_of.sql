-- A function for the reason that history_of is one.
create function warehouse.positions_of(listing bigint, out latitudes double precision[], out longitudes double precision[])
language sql stable
begin atomic
    select array_agg(version.latitude), array_agg(version.longitude)
    from warehouse.listing_version as version
    where version.hash_id = listing and version.latitude is not null and version.longitude is not null;
end;
comment on function warehouse.positions_of is 'For the load: where a listing ever was, by its wordings.';
