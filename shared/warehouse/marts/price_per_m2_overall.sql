create view mart.price_per_m2_overall as
select
    day, category, deal, place, all_sub_categories, region, district, sub_category, listings, lower_quartile, median,
    upper_quartile
from mart.price_level
where place <> 'district' or all_sub_categories;
comment on view mart.price_per_m2_overall is 'Price per m² by day, taken together: by district over all sub-categories, and by region and country over all districts, each by sub-category and over all of them. Filter by place and all_sub_categories: a row is part of others. Days on which only a part was walked have only what that part takes in.';
comment on column mart.price_per_m2_overall.place is 'country, region or district: what the row is about.';
comment on column mart.price_per_m2_overall.all_sub_categories is 'Whether all sub-categories are taken together; sub_category is null then.';
comment on column mart.price_per_m2_overall.listings is 'How many listings with a price and an area.';
