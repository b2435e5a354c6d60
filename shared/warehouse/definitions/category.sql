create view warehouse.category as
select code, name, address from warehouse.code where kind = 'category_main';
comment on view warehouse.category is 'Main categories by their codes.';
