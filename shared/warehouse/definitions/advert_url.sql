create function warehouse.advert_url(
    deal text, category text, sub_category text, city text, city_part text, street text, hash_id bigint
) returns text
language sql immutable parallel safe
-- Cast, so that the whole is immutable and can be inlined.
return deal || '/' || category || '/' || sub_category || '/'
    || coalesce(city, 'ceska-republika') || '-' || coalesce(city_part, city, 'ceska-republika') || '-' || coalesce(street, '')
    || '/' || hash_id::text;
comment on function warehouse.advert_url is 'The address of an advert''s page, made of what the code tables have for its codes and of its place; null where a code is not known. The portal redirects from a place that it calls otherwise.';
