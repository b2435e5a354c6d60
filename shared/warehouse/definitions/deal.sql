create view warehouse.deal as
select code, name, address from warehouse.code where kind = 'category_type';
comment on view warehouse.deal is 'Deal types by their codes.';
