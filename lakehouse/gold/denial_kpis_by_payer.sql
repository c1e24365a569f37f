-- One row per entity, payer, billing type and month: what was sent, what came back denied, and what became of denials.
-- Submitted counts claims by their first submission, denied counts initial denials by their remittance; overturned is
-- what was recovered, and written off what was given up, in the month the denial case ended.
-- grain: org_id, entity_id, payer_id, billing_type, month_start
-- load: full
-- partition: org_id
-- checks: month_start not null, payer_class not null

with entry as (
    select
        claim.org_id,
        claim.entity_id,
        claim.payer_id,
        claim.payer_class,
        claim.billing_type,
        claim.first_submission_date as date,
        1 as claims_submitted,
        0 as initial_denied_claims,
        cast(0 as decimal(18, 2)) as denied_expected_amount,
        cast(0 as decimal(18, 2)) as overturned_amount,
        cast(0 as decimal(18, 2)) as writeoff_amount
    from gold.fact_claim as claim

    union all

    select
        claim.org_id,
        claim.entity_id,
        claim.payer_id,
        claim.payer_class,
        claim.billing_type,
        claim.initial_denial_date as date,
        0 as claims_submitted,
        1 as initial_denied_claims,
        claim.initial_denied_expected_amount as denied_expected_amount,
        0 as overturned_amount,
        0 as writeoff_amount
    from gold.fact_claim as claim
    where claim.is_initial_denied

    union all

    select
        denial.org_id,
        denial.entity_id,
        denial.payer_id,
        denial.payer_class,
        denial.billing_type,
        denial.resolved_date as date,
        0 as claims_submitted,
        0 as initial_denied_claims,
        0 as denied_expected_amount,
        denial.recovered_amount as overturned_amount,
        denial.writeoff_amount
    from gold.fact_denial as denial
)

select
    entry.org_id,
    entry.entity_id,
    entry.payer_id,
    entry.payer_class,
    entry.billing_type,
    calendar.month_start,
    cast(round(sum(entry.claims_submitted)) as integer) as claims_submitted,
    cast(round(sum(entry.initial_denied_claims)) as integer) as initial_denied_claims,
    cast(sum(entry.denied_expected_amount) as decimal(18, 2)) as denied_expected_amount,
    cast(sum(entry.overturned_amount) as decimal(18, 2)) as overturned_amount,
    cast(sum(entry.writeoff_amount) as decimal(18, 2)) as writeoff_amount
from entry
inner join reference.calendar as calendar on entry.date = calendar.date
group by
    entry.org_id, entry.entity_id, entry.payer_id, entry.payer_class, entry.billing_type, calendar.month_start
