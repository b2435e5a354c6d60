create view mart.quarantine as
select
    segment,
    key as object_key,
    kind,
    reason,
    noted_at as set_aside_at,
    is_open,
    case when decision = 'release' then decided_at end as released_at,
    case when decision = 'dismiss' then decided_at end as dismissed_at,
    decided_by,
    because,
    object_bytes,
    walk_id,
    started_at
from warehouse.quarantine;
comment on view mart.quarantine is 'Raw objects that were set aside as a whole: nothing of them is in any other mart but the counts of them.';
comment on column mart.quarantine.kind is 'damaged: the object is no intact walk file; unknown_format: of a later version; falsified: its rows are not true; shrunken: it lacks too much of what is on offer.';
comment on column mart.quarantine.is_open is 'Whether it waits for an operator''s decision.';
comment on column mart.quarantine.released_at is 'When an operator released it, to be loaded after all.';
comment on column mart.quarantine.dismissed_at is 'When an operator decided that it is never to be loaded.';
comment on column mart.quarantine.object_bytes is 'Size of the object; null if it was not opened.';
comment on column mart.quarantine.walk_id is 'As the object''s key says, like segment and started_at; null if it is no raw object''s key.';
