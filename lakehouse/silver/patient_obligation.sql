-- One row per amount that became the patient's to pay (silver.patient_due), and how it was pursued.
-- A statement or a placement belongs to the newest obligation of its account on its day; a placement counts unless the
-- agency gave the account back.
-- grain: org_id, obligation_key
-- load: full
-- partition: org_id
-- checks: obligation_key unique, account_key not null, warn: obligation_date not null

with followed as (
    select
        due.*,
        lead(due.obligation_date) over (
            partition by due.org_id, due.account_key
            order by due.obligation_date, due.obligation_key
        ) as next_obligation_date
    from silver.patient_due as due
),

event as (
    select
        followed.org_id,
        followed.obligation_key,
        event.event_type,
        event.event_date,
        event.amount,
        row_number() over (
            partition by followed.org_id, followed.obligation_key, event.event_type = 'statement'
            order by event.event_date desc, event.billing_event_key desc
        ) as recency
    from followed
    inner join silver.billing_event as event
        on
            followed.org_id = event.org_id
            and followed.account_key = event.account_key
    where
        event.event_type in ('statement', 'placement', 'recall')
        and event.event_date >= followed.obligation_date
        and coalesce(event.event_date < followed.next_obligation_date, true)
),

pursued as (
    select
        event.org_id,
        event.obligation_key,
        min(case when event.event_type = 'statement' then event.event_date end) as first_statement_date,
        sum(case when event.event_type = 'statement' then 1 else 0 end) as statement_count,
        max(case when event.event_type = 'placement' and event.recency = 1 then event.event_date end)
            as agency_placed_date,
        max(case when event.event_type = 'placement' and event.recency = 1 then event.amount end)
            as agency_placed_amount
    from event
    group by event.org_id, event.obligation_key
)

select
    obligation.org_id,
    obligation.source_system_id,
    obligation.source_record_id,
    obligation.load_id,
    obligation.record_hash,
    obligation.loaded_at,
    obligation.obligation_key,
    obligation.account_key,
    obligation.patient_key,
    obligation.obligation_date,
    obligation.amount,
    obligation.obligation_type,
    pursued.first_statement_date,
    cast(round(coalesce(pursued.statement_count, 0)) as int) as statement_count,
    pursued.agency_placed_date,
    pursued.agency_placed_amount,
    obligation.claim_payment_key,
    obligation.entity_id,
    obligation.billing_type
from followed as obligation
left join pursued
    on
        obligation.org_id = pursued.org_id
        and obligation.obligation_key = pursued.obligation_key
