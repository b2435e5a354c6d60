create view mart.price_per_m2 as
select day, category, deal, region, district, sub_category, listings, lower_quartile, median, upper_quartile
from mart.price_level
where place = 'district' and not all_sub_categories;
comment on view mart.price_per_m2 is 'Price per m² by day, region, district and disposition (sub-category), in whole crowns, as the last complete walk of the UTC day saw it. Large: filter by category and deal. Medians of larger parts are in price_per_m2_overall, for they do not follow from these.';
comment on column mart.price_per_m2.listings is 'How many listings with a price and an area.';
comment on column mart.price_per_m2.lower_quartile is 'A quarter of the listings costs this or less.';
comment on column mart.price_per_m2.median is 'Half of the listings cost this or less: a price that some listing has.';
comment on column mart.price_per_m2.upper_quartile is 'Three quarters of the listings cost this or less.';
