create view mart.district as
select region.name as region, district.name as district
from warehouse.district
join warehouse.region on region.code = district.region_id;
comment on view mart.district is 'All regions and districts that the portal knows, whether anything is on offer there or not.';
