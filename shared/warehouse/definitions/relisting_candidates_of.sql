-- A function for the reason that history_of is one.
create function warehouse.relisting_candidates_of(
    listing bigint,
    out same_property bigint[],
    out relisted_as bigint[]
)
language sql stable
begin atomic
    select
        (
            select array_agg(other.hash_id)
            from (
                select
                    warehouse.property(
                        category, deal, sub_category, area_m2, plot_area_m2, latitude, longitude
                    ) as property
                from warehouse.listing
                where hash_id = relisting_candidates_of.listing
            ) as this
            join warehouse.listing as other on warehouse.property(
                other.category, other.deal, other.sub_category, other.area_m2, other.plot_area_m2, other.latitude,
                other.longitude
            ) = this.property
        ),
        (select array_agg(new_hash_id) from warehouse.relisting where old_hash_id = relisting_candidates_of.listing);
end;
comment on function warehouse.relisting_candidates_of is 'For the load: the listings of the same property as this one, itself included (null if its property is not known), and the listings that are known to be this one anew.';
