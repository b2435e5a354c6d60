do $$
begin
    if to_regrole('analyst') is null then
        create role analyst login in role cenovka_analyst;
    end if;
end
$$;
alter role analyst set statement_timeout = '1min';
