-- One row per work-queue item: when it came, who worked it how often, and when it was done.
-- Queue, type, owner and due date are those of its latest event that states them; only touches count as touches.
-- grain: org_id, work_item_key
-- load: full
-- partition: org_id
-- checks: work_item_key unique, touch_count not null

with ranked as (
    select
        event.*,
        row_number() over (
            partition by event.org_id, event.work_item_key order by event.event_at desc, event.event_type
        ) as age,
        first_value(event.user_id ignore nulls) over (
            partition by event.org_id, event.work_item_key order by event.event_at desc, event.event_type
            rows between unbounded preceding and unbounded following
        ) as latest_user_id,
        first_value(event.due_at ignore nulls) over (
            partition by event.org_id, event.work_item_key order by event.event_at desc, event.event_type
            rows between unbounded preceding and unbounded following
        ) as latest_due_at
    from silver.work_event as event
),

item as (
    select
        event.org_id,
        event.work_item_key,
        min(case when event.event_type = 'entered' then event.event_at end) as entered_at,
        min(event.event_at) as first_seen_at,
        min(case when event.event_type = 'touched' then event.event_at end) as first_touch_at,
        max(case when event.event_type = 'resolved' then event.event_at end) as resolved_at,
        count(case when event.event_type = 'touched' then 1 end) as touch_count,
        sum(event.minutes) as minutes_worked
    from silver.work_event as event
    group by event.org_id, event.work_item_key
)

select
    latest.org_id,
    latest.source_system_id,
    latest.source_record_id,
    latest.load_id,
    latest.record_hash,
    latest.loaded_at,
    latest.work_item_key,
    latest.queue,
    latest.item_type,
    latest.account_key,
    latest.claim_key,
    coalesce(item.entered_at, item.first_seen_at) as entered_at,
    latest.latest_due_at as due_at,
    item.first_touch_at,
    item.resolved_at,
    cast(round(item.touch_count) as int) as touch_count,
    cast(item.minutes_worked as decimal(10, 2)) as minutes_worked,
    latest.latest_user_id as user_id,
    latest.team,
    latest.item_id,
    latest.encounter_id,
    latest.entity_id
from ranked as latest
inner join item
    on
        latest.org_id = item.org_id
        and latest.work_item_key = item.work_item_key
where latest.age = 1
