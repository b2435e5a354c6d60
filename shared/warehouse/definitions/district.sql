create view warehouse.district as
select code, name, part_of as region_id from warehouse.code where kind = 'district';
comment on view warehouse.district is 'Districts by their codes.';
