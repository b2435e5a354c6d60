-- The listings that the kept tables may have to follow: those whose history or attributes the walk changed, and those of
-- which it is now known that a row of it was the first to say something.
create temporary table touched on commit drop as
select hash_id from affected
union
select hash_id from version
