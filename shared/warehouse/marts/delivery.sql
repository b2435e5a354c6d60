create view mart.delivery as
select
    (delivery.happened_at at time zone 'UTC')::date as day,
    delivery.kind,
    case
        when delivery.state = 'waiting' or delivery.state = 'counted' and message.waits
            then case when failing_channel.channel is null then 'waiting' else 'failing' end
        when delivery.state = 'given_up' or delivery.state = 'counted' and not message.sent then 'given_up'
        else 'told'
    end as state,
    count(*) as deliveries
from warehouse.delivery
left join warehouse.failing_channel on failing_channel.channel = delivery.channel
-- What is only counted is told, or not, with the events of its message.
left join (
    select message, bool_or(state = 'waiting') as waits, bool_or(state = 'sent') as sent
    from warehouse.delivery
    where message is not null and state <> 'counted'
    group by message
) as message on message.message = delivery.message
group by 1, 2, 3;
comment on view mart.delivery is 'How much watches tell: deliveries, each an event for one watch through one channel, by day, kind and state. Names of watches and channels, which may be those of people, stand in no mart. What was dealt with is forgotten after 30 days.';
comment on column mart.delivery.day is 'UTC day on which the walk began that showed it.';
comment on column mart.delivery.kind is 'new, relisted, back, cheaper, dearer or gone.';
comment on column mart.delivery.state is 'told; waiting: for its turn, its digest, or the watch''s next hour; failing: waiting, and its channel''s last try failed; given_up: its channel failed for days, or its watch or channel is gone.';
comment on column mart.delivery.deliveries is 'How many. One event that two watches tell, or one watch through two channels, is two.';
