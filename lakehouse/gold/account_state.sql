-- One row per account and snapshot since which something of the account changed: its state from there to the next row.
-- Running totals of money and of open denials and rejections, and the latest of every dated step, as known at the snapshot.
-- grain: org_id, account_key, from_snapshot_no
-- load: full
-- partition: org_id
-- checks: balance_amount not null

with event as (
    select
        entry.org_id,
        entry.account_key,
        entry.post_date as event_date,
        'money' as event,
        cast(0 as bigint) as step,
        entry.balance_amount,
        entry.patient_paid_amount
    from gold.ledger_entry as entry

    union all

    select
        event.org_id,
        event.account_key,
        event.event_date,
        event.event,
        event.step,
        0 as balance_amount,
        0 as patient_paid_amount
    from gold.account_event as event
),

change as (
    select
        event.org_id,
        event.account_key,
        snapshot_date.snapshot_no,
        sum(event.balance_amount) as balance_amount,
        sum(event.patient_paid_amount) as patient_paid_amount,
        sum(case when event.event = 'rejection' then event.step else 0 end) as rejections,
        sum(case when event.event = 'primary_denial' then event.step else 0 end) as primary_denials,
        sum(case when event.event in ('primary_denial', 'secondary_denial') then event.step else 0 end) as denials,
        max(case when event.event = 'primary_claim' then event.step end) as primary_claim_no,
        max(case when event.event = 'secondary_claim' then event.step end) as secondary_claim_no,
        max(case when event.event = 'adjudication' then event.step end) as adjudication_state_no,
        max(case when event.event = 'remittance' then event.step end) as primary_adjudicated,
        min(case when event.event = 'submission' then event.event_date end) as first_submission_date,
        max(case when event.event = 'submission' then event.event_date end) as last_submission_date,
        max(case when event.event in ('acknowledgement', 'remittance') then event.event_date end) as last_response_date,
        max(case when event.event = 'followup' then event.event_date end) as last_followup_date
    from event
    inner join gold.snapshot_date as snapshot_date
        on
            event.org_id = snapshot_date.org_id
            and event.event_date = snapshot_date.date
    group by event.org_id, event.account_key, snapshot_date.snapshot_no
)

select
    change.org_id,
    change.account_key,
    change.snapshot_no as from_snapshot_no,
    lead(change.snapshot_no) over account_order - 1 as to_snapshot_no,
    cast(sum(change.balance_amount) over account_order as decimal(18, 2)) as balance_amount,
    cast(sum(change.patient_paid_amount) over account_order as decimal(18, 2)) as patient_paid_amount,
    cast(round(sum(change.rejections) over account_order) as bigint) as rejections,
    cast(round(sum(change.primary_denials) over account_order) as bigint) as primary_denials,
    cast(round(sum(change.denials) over account_order) as bigint) as denials,
    max(change.primary_claim_no) over account_order as primary_claim_no,
    max(change.secondary_claim_no) over account_order as secondary_claim_no,
    max(change.adjudication_state_no) over account_order as adjudication_state_no,
    coalesce(max(change.primary_adjudicated) over account_order, 0) = 1 as is_primary_adjudicated,
    min(change.first_submission_date) over account_order as first_submission_date,
    max(change.last_submission_date) over account_order as last_submission_date,
    max(change.last_response_date) over account_order as last_response_date,
    max(change.last_followup_date) over account_order as last_followup_date
from change
window account_order as (partition by change.org_id, change.account_key order by change.snapshot_no)
