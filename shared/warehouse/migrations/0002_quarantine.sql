-- Raw objects that were set aside as a whole. The merge reads warehouse.walk, where none of them stands.

create table warehouse.quarantine (
    bucket text not null,
    key text not null,
    object_bytes bigint,
    kind text not null check (kind in ('damaged', 'unknown_format', 'falsified')),
    reason text not null,
    figures jsonb,
    walk_id uuid,
    segment text,
    started_at timestamptz,
    noted_at timestamptz not null default now(),
    released_at timestamptz,
    primary key (bucket, key),
    constraint figures_of_falsified check ((figures is not null) = (kind = 'falsified'))
);
comment on table warehouse.quarantine is 'Raw objects set aside as a whole, with the reason: nothing of them is in any other table. A released one stays here as the record of the operator''s decision.';
comment on column warehouse.quarantine.kind is 'damaged: the object is no intact walk file; unknown_format: of a later version; falsified: its rows are not true.';
comment on column warehouse.quarantine.object_bytes is 'Size of the object; null if it was not opened.';
comment on column warehouse.quarantine.figures is 'What the decision that a walk is falsified rests on, as compared at noted_at.';
comment on column warehouse.quarantine.walk_id is 'As the object''s key says, like segment and started_at; null if it is no raw object''s key.';
comment on column warehouse.quarantine.released_at is 'When the operator released it: a falsified walk is then loaded without being checked, any other object tried again and, if it still cannot be loaded, set aside anew.';
