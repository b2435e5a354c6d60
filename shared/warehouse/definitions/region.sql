create view warehouse.region as
select code, name from warehouse.code where kind = 'region';
comment on view warehouse.region is 'Regions by their codes.';
