create view warehouse.relisting_by_definition as
select
    new.hash_id as new_hash_id, old.hash_id as old_hash_id, new.first_seen as relisted_at, old.last_seen as old_last_seen,
    old.total_price as old_price, opening.total_price as new_price, old.agency = new.agency as same_agency
from warehouse.listing as new
cross join lateral (
    select spell.total_price
    from warehouse.spell
    where spell.hash_id = new.hash_id
    order by spell.first_seen, spell.first_walk
    limit 1
) as opening
cross join lateral (
    select candidate.*
    from warehouse.listing as candidate
    where warehouse.property(
            candidate.category, candidate.deal, candidate.sub_category, candidate.area_m2, candidate.plot_area_m2,
            candidate.latitude, candidate.longitude
        ) = warehouse.property(
            new.category, new.deal, new.sub_category, new.area_m2, new.plot_area_m2, new.latitude, new.longitude
        )
        and candidate.hash_id <> new.hash_id
        and candidate.missing_since is not null
        and new.first_seen > candidate.last_seen
        and new.first_seen <= candidate.last_seen + interval '720 hours'
        and (opening.total_price between candidate.total_price * 0.8 and candidate.total_price * 1.2) is not false
    order by candidate.last_seen desc, candidate.hash_id
    limit 1
) as old;
comment on view warehouse.relisting_by_definition is 'What warehouse.relisting must hold. mart.relisting tells the rule.';
