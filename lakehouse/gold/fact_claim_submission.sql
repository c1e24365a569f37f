-- One row per transmission of a claim, with how it was received and what became of it.
-- A transmission is rejected when any acknowledgement of it says so (277CA A3, A6, A7, A8 or action U, or a 999 that
-- rejects its transaction set), on the day of the first that does; it is accepted on the day the payer took it into
-- adjudication (A2, A5). Days from rejection to acceptance count to the first acceptance of the claim after it.
-- Filing deadlines are null: no contract term says yet which date of the claim the limit counts from.
-- grain: org_id, submission_key
-- load: full
-- partition: org_id
-- checks: submitted_date not null, claim_key in gold.claim

with acknowledged as (
    select
        ack.org_id,
        ack.submission_key,
        min(ack.received_at) as first_ack_at,
        min(case when ack.is_rejected then ack.ack_date end) as rejected_date,
        min(case when ack.is_rejected and ack.ack_source = 'payer' then ack.ack_date end)
            as payer_rejected_date,
        min(case when ack.is_accepted_adjudication then ack.ack_date end) as accepted_date
    from silver.claim_ack_event as ack
    group by ack.org_id, ack.submission_key
),

submission as (
    select
        submission.*,
        acknowledged.first_ack_at,
        acknowledged.rejected_date,
        acknowledged.payer_rejected_date,
        acknowledged.accepted_date,
        lead(submission.submitted_date) over claim_order as resubmitted_date,
        min(acknowledged.accepted_date) over (
            partition by submission.org_id, submission.claim_key
            order by submission.submission_number
            rows between current row and unbounded following
        ) as next_accepted_date
    from silver.claim_submission as submission
    left join acknowledged
        on
            submission.org_id = acknowledged.org_id
            and submission.submission_key = acknowledged.submission_key
    window claim_order as (
        partition by submission.org_id, submission.claim_key order by submission.submission_number
    )
)

select
    submission.org_id,
    claim.entity_id,
    claim.facility_id,
    claim.department_id,
    claim.provider_id,
    claim.payer_id,
    claim.payer_class,
    claim.billing_type,
    submission.submission_key,
    submission.claim_key,
    submission.submission_number,
    submission.frequency_code,
    submission.submitted_at,
    submission.submitted_date,
    submission.first_ack_at,
    cast(
        cast(
            date_diff('day', submission.submitted_date, cast(submission.first_ack_at as date)) * 1440
            + (extract(hour from submission.first_ack_at) - extract(hour from submission.submitted_at)) * 60
            + extract(minute from submission.first_ack_at) - extract(minute from submission.submitted_at) as double
        ) / 60 as decimal(12, 2)
    ) as ack_latency_hours,
    acknowledged_day.business_day_number - submitted_day.business_day_number <= 2 as has_ack_2bd,
    submission.rejected_date is not null as is_rejected,
    case
        when submission.rejected_date is null then null
        when submission.payer_rejected_date = submission.rejected_date then 'payer'
        else 'clearinghouse'
    end as rejected_by,
    submission.rejected_date,
    submission.accepted_date,
    submission.resubmitted_date,
    case
        when submission.rejected_date is not null
            then date_diff('day', submission.rejected_date, submission.next_accepted_date)
    end as days_rejection_to_acceptance,
    coalesce(date_diff('day', submission.rejected_date, submission.resubmitted_date) <= 30, false)
        as is_resubmitted_30d,
    cast(null as date) as filing_deadline_date,
    cast(null as integer) as filing_limit_days,
    cast(null as integer) as filing_days_used,
    cast(null as integer) as days_to_deadline,
    submission.edit_touch_count = 0 as is_touchless,
    submission.edit_touch_count,
    submission.total_charge_amount,
    claim.expected_allowed_amount as expected_payer_amount
from submission
inner join gold.claim as claim
    on
        submission.org_id = claim.org_id
        and submission.claim_key = claim.claim_key
left join reference.calendar as submitted_day on submission.submitted_date = submitted_day.date
left join reference.calendar as acknowledged_day on cast(submission.first_ack_at as date) = acknowledged_day.date
