-- One row per payment plan of a patient: what was agreed, and whether it was kept.
-- A plan begins on the day it was first made; made anew, it takes the newest amount and term. A plan without an id is
-- the one plan of its encounter. It defaults on the day of the second of two missed instalments between which none was
-- paid, unless it was completed before. A plan whose making was not delivered has no start, amount or term.
-- grain: org_id, plan_key
-- load: full
-- partition: org_id
-- checks: plan_key unique, warn: start_date not null, warn: account_key not null

with event as (
    select
        event.*,
        sha256(concat_ws(
            '|', event.org_id, event.source_system_id,
            case when event.plan_id is null then 'encounter' else 'plan' end,
            coalesce(event.plan_id, event.encounter_id)
        )) as plan_key
    from silver.billing_event as event
    where
        event.event_type in ('plan_created', 'plan_paid', 'plan_missed', 'plan_completed')
        and coalesce(event.plan_id, event.encounter_id) is not null
),

followed as (
    select
        event.*,
        lag(event.event_type) over (
            partition by event.org_id, event.plan_key, event.event_type = 'plan_created'
            order by
                event.event_date,
                case event.event_type when 'plan_paid' then 1 when 'plan_missed' then 2 else 3 end,
                event.billing_event_key
        ) as event_type_before,
        min(case when event.event_type = 'plan_completed' then event.event_date end) over (
            partition by event.org_id, event.plan_key
        ) as completed_date,
        row_number() over (
            partition by event.org_id, event.plan_key
            order by
                case when event.event_type = 'plan_created' then 1 else 2 end, event.event_date desc,
                event.billing_event_key desc
        ) as recency
    from event
),

outcome as (
    select
        followed.org_id,
        followed.plan_key,
        min(case when followed.event_type = 'plan_created' then followed.event_date end) as start_date,
        min(
            case
                when
                    followed.event_type = 'plan_missed'
                    and followed.event_type_before = 'plan_missed'
                    and followed.event_date < coalesce(followed.completed_date, date '9999-12-31')
                    then followed.event_date
            end
        ) as defaulted_date,
        min(followed.completed_date) as completed_date,
        min(followed.account_key) as account_key,
        min(followed.entity_id) as entity_id
    from followed
    group by followed.org_id, followed.plan_key
)

select
    newest.org_id,
    newest.source_system_id,
    newest.source_record_id,
    newest.load_id,
    newest.record_hash,
    newest.loaded_at,
    newest.plan_key,
    newest.plan_id,
    outcome.account_key,
    outcome.start_date,
    case when newest.event_type = 'plan_created' then newest.term_months end as term_months,
    case when newest.event_type = 'plan_created' then newest.amount end as plan_amount,
    outcome.defaulted_date,
    outcome.completed_date,
    outcome.entity_id
from followed as newest
inner join outcome
    on
        newest.org_id = outcome.org_id
        and newest.plan_key = outcome.plan_key
where newest.recency = 1
