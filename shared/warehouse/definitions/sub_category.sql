create view warehouse.sub_category as
select code, name, address from warehouse.code where kind = 'category_sub';
comment on view warehouse.sub_category is 'Sub-categories: dispositions of flats, kinds of houses, plots and commercial spaces by their codes.';
