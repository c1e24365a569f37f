-- One row per thing other than money that happened to an account and changes what its balance is waiting for.
-- Openings and ends of denials and rejections carry +1 and -1 in `step`; events that have a place in an order (a claim
-- submitted for the first time, a change of the standing adjudication) carry that place; for the rest only the day counts.
-- A rejection stands from its own day until the account's next submission, and never if that one came first.
-- A response is an acknowledgement or a remittance, whatever it says.
-- grain: org_id, account_key, event, event_key, event_date, step
-- load: full
-- partition: org_id
-- checks: account_key not null, step not null

with submission as (
    select
        submission.org_id,
        submission.submission_key,
        submission.account_key,
        submission.submitted_date,
        outcome.rejected_date,
        lead(submission.submitted_date) over (
            partition by submission.org_id, submission.account_key
            order by submission.submitted_at, submission.submission_key
        ) as next_submitted_date
    from silver.claim_submission as submission
    inner join gold.fact_claim_submission as outcome
        on
            submission.org_id = outcome.org_id
            and submission.submission_key = outcome.submission_key
),

denial as (
    select
        denial.org_id,
        denial.denial_key,
        claim.account_key,
        case when claim.payer_sequence = 'P' then 'primary_denial' else 'secondary_denial' end as event,
        denial.opened_date,
        denial.resolved_date
    from gold.fact_denial as denial
    inner join gold.claim as claim
        on
            denial.org_id = claim.org_id
            and denial.claim_key = claim.claim_key
),

event as (
    select
        org_id,
        account_key,
        'submission' as event,
        submission_key as event_key,
        submitted_date as event_date,
        cast(0 as bigint) as step
    from submission

    union all

    select
        org_id,
        account_key,
        'rejection' as event,
        submission_key as event_key,
        rejected_date as event_date,
        1 as step
    from submission
    where rejected_date < coalesce(next_submitted_date, date '9999-12-31')

    union all

    select
        org_id,
        account_key,
        'rejection' as event,
        submission_key as event_key,
        next_submitted_date as event_date,
        -1 as step
    from submission
    where rejected_date < next_submitted_date

    union all

    select
        org_id,
        account_key,
        event,
        denial_key as event_key,
        opened_date as event_date,
        1 as step
    from denial

    union all

    select
        org_id,
        account_key,
        event,
        denial_key as event_key,
        resolved_date as event_date,
        -1 as step
    from denial

    union all

    select
        org_id,
        account_key,
        case when is_primary then 'primary_claim' else 'secondary_claim' end as event,
        claim_key as event_key,
        first_submission_date as event_date,
        claim_no as step
    from gold.account_claim

    union all

    select
        org_id,
        account_key,
        'adjudication' as event,
        cast(state_no as text) as event_key,
        from_date as event_date,
        state_no as step
    from gold.account_adjudication

    union all

    select
        payment.org_id,
        claim.account_key,
        'remittance' as event,
        payment.claim_payment_key as event_key,
        payment.remit_date as event_date,
        case when payment.is_adjudication and claim.payer_sequence = 'P' then 1 else 0 end as step
    from gold.adjudication as payment
    inner join gold.claim as claim on payment.org_id = claim.org_id and payment.claim_key = claim.claim_key

    union all

    select
        org_id,
        account_key,
        'acknowledgement' as event,
        ack_event_key as event_key,
        ack_date as event_date,
        0 as step
    from silver.claim_ack_event

    union all

    select distinct
        org_id,
        account_key,
        'followup' as event,
        work_item_key as event_key,
        cast(event_at as date) as event_date,
        0 as step
    from silver.work_event
    where event_type = 'touched'
)

select
    event.org_id,
    event.account_key,
    event.event,
    event.event_key,
    event.event_date,
    cast(round(event.step) as bigint) as step
from event
where event.account_key is not null and event.event_date is not null
