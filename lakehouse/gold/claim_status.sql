-- One row per claim and where it stands: unbilled, submitted, rejected, accepted, paid, partially_denied, denied,
-- written_off or closed.
-- Before an adjudication stands, the last transmission decides: rejected, taken into adjudication, or only sent. After
-- one, a denial of everything is denied, or written off once all its cases were; a denial beside a payment is partial;
-- the rest is paid, and closed once the account's ledger is at zero. The claim closes on the last posting of a zero ledger.
-- grain: org_id, claim_key
-- load: full
-- partition: org_id
-- checks: claim_status not null

with denial as (
    select
        denial.org_id,
        denial.claim_key,
        cast(sum(denial.open_expected_amount) as decimal(18, 2)) as open_denied_expected_amount,
        bool_and(denial.resolution = 'written_off') as is_written_off,
        bool_or(denial.denial_origin = 'retrospective' and denial.denial_category = 'eligibility')
            as is_retro_terminated
    from gold.fact_denial as denial
    group by denial.org_id, denial.claim_key
),

ledger as (
    select
        entry.org_id,
        entry.account_key,
        max(entry.post_date) as zero_balance_date
    from gold.ledger_entry as entry
    group by entry.org_id, entry.account_key
    having sum(entry.balance_amount) = 0
)

select
    claim.org_id,
    claim.claim_key,
    case
        when coalesce(outcome.has_standing, false) and cause.claim_payment_key is not null
            then case
                when outcome.standing_paid_amount > 0 then 'partially_denied'
                when denial.is_written_off then 'written_off'
                else 'denied'
            end
        when coalesce(outcome.has_standing, false)
            then case when ledger.account_key is not null then 'closed' else 'paid' end
        when filing.claim_key is null then 'unbilled'
        when filing.is_last_submission_rejected then 'rejected'
        when filing.first_accepted_date is not null then 'accepted'
        else 'submitted'
    end as claim_status,
    ledger.zero_balance_date as closed_date,
    coalesce(denial.open_denied_expected_amount, 0) as open_denied_expected_amount,
    coalesce(denial.is_retro_terminated, false) as is_retro_terminated
from gold.claim as claim
left join gold.claim_filing as filing
    on
        claim.org_id = filing.org_id
        and claim.claim_key = filing.claim_key
left join gold.claim_outcome as outcome
    on
        claim.org_id = outcome.org_id
        and claim.claim_key = outcome.claim_key
left join gold.denial_cause as cause
    on
        claim.org_id = cause.org_id
        and outcome.standing_claim_payment_key = cause.claim_payment_key
left join denial
    on
        claim.org_id = denial.org_id
        and claim.claim_key = denial.claim_key
left join ledger
    on
        claim.org_id = ledger.org_id
        and claim.account_key = ledger.account_key
