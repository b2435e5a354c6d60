create function warehouse.advert_url(category text, deal text, hash_id bigint) returns text
language sql immutable parallel safe
begin atomic
    -- The portal wants a deal, a category and a sub-category that it knows, and redirects from there by the id alone.
    select 'https://www.sreality.cz/detail/'
        || case deal
            when 'Prodej' then 'prodej'
            when 'Pronájem' then 'pronajem'
            when 'Dražby' then 'drazba'
            when 'Podíly' then 'podil'
        end
        || case category
            when 'Byty' then '/byt/1+kk/x/'
            when 'Domy' then '/dum/rodinny/x/'
            when 'Pozemky' then '/pozemek/bydleni/x/'
            when 'Komerční' then '/komercni/kancelare/x/'
            when 'Ostatní' then '/ostatni/garaz/x/'
        end
        -- Cast, so that the whole is immutable and can be inlined.
        || hash_id::text;
end;
comment on function warehouse.advert_url is 'An address from which the portal redirects to the advert''s page. Made of names of the code tables and of the id, never of scraped text; null where one of them is unknown.';
