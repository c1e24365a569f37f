-- One row per tenant and calendar day between its first and its last event, with the first A/R snapshot on or after it.
-- A/R is photographed on every month end since the first charge was posted and on each of the last 90 days up to the
-- horizon, the latest posting, remittance or submission of the tenant. Snapshots are numbered from 1, so that "known at
-- the snapshot" is "happened on a day with this snapshot number or a smaller one".
-- grain: org_id, date
-- load: full
-- partition: org_id
-- checks: snapshot_no not null

with event as (
    select
        item.org_id,
        item.post_date as event_date,
        item.post_date as charge_date
    from silver.encounter_item as item

    union all

    select
        payment.org_id,
        payment.post_date as event_date,
        cast(null as date) as charge_date
    from silver.payment as payment

    union all

    select
        adjustment.org_id,
        adjustment.post_date as event_date,
        cast(null as date) as charge_date
    from silver.adjustment as adjustment

    union all

    select
        submission.org_id,
        submission.submitted_date as event_date,
        cast(null as date) as charge_date
    from silver.claim_submission as submission

    union all

    select
        remittance.org_id,
        remittance.remit_date as event_date,
        cast(null as date) as charge_date
    from silver.remittance as remittance
),

horizon as (
    select
        event.org_id,
        min(event.event_date) as first_event_date,
        min(event.charge_date) as first_charge_date,
        max(event.event_date) as horizon_date
    from event
    group by event.org_id
),

marked as (
    select
        horizon.org_id,
        horizon.horizon_date,
        calendar.date,
        calendar.month_start,
        calendar.date >= horizon.first_charge_date
        and (
            calendar.date = calendar.month_end
            or date_diff('day', calendar.date, horizon.horizon_date) < 90
        ) as is_snapshot
    from horizon
    inner join reference.calendar as calendar
        on calendar.date between horizon.first_event_date and horizon.horizon_date
)

select
    marked.org_id,
    marked.date,
    coalesce(marked.is_snapshot, false) as is_snapshot,
    cast(
        sum(case when marked.is_snapshot then 1 else 0 end)
            over (
                partition by marked.org_id
                order by marked.date
                rows between unbounded preceding and current row
            )
        + case when marked.is_snapshot then 0 else 1 end as bigint
    ) as snapshot_no,
    cast(marked.month_start - interval 1 day as date) as prior_month_end,
    marked.horizon_date
from marked
