-- One row per amount that became the patient's to pay: what the adjudication that stands left to the patient, or the
-- whole of a self-pay account.
-- Of the adjudications of one statement period of an account the latest one stands that no reversal took back (order:
-- remittance date, payer sequence, trace number, place in the 835); what it leaves to the patient (group PR) replaces
-- what earlier payers left. It is the patient's from its remittance date, unless another payer is still to decide: the
-- claim was forwarded (CLP02 19, 20, 21), a claim to a later payer waits for its answer, or a second coverage is on file
-- that nothing was sent to.
-- An account without coverage, for which no claim was sent (not even one that is held), is self-pay from its final bill:
-- its charges less the discounts given on them. Charity, bad debt and payments are what becomes of an obligation, and do
-- not lessen it.
-- grain: org_id, obligation_key
-- load: full
-- partition: org_id
-- checks: obligation_key unique, account_key not null, amount not null

with claim as (
    select
        claim.*,
        concat_ws(
            '|', claim.account_key, coalesce(claim.billing_type, ''), coalesce(cast(claim.statement_from as text), ''),
            coalesce(cast(claim.statement_to as text), '')
        ) as period
    from silver.claim as claim
),

patient_share as (
    select
        adjustment.org_id,
        adjustment.claim_payment_key,
        sum(adjustment.amount) as amount
    from silver.claim_adjustment as adjustment
    where adjustment.group_code = 'PR'
    group by adjustment.org_id, adjustment.claim_payment_key
),

standing as (
    select
        payment.*,
        claim.patient_key,
        claim.billing_type,
        claim.period,
        claim.payer_sequence as sent_sequence,
        remittance.remit_date,
        row_number() over (
            partition by claim.org_id, claim.period
            order by
                remittance.remit_date desc, claim.payer_sequence desc, remittance.trace_number desc,
                payment.clp_ordinal desc, payment.claim_payment_key desc
        ) as recency
    from silver.claim_payment as payment
    inner join claim
        on
            payment.org_id = claim.org_id
            and payment.claim_key = claim.claim_key
    inner join silver.remittance as remittance
        on
            payment.org_id = remittance.org_id
            and payment.remittance_key = remittance.remittance_key
    where payment.clp_status_code in ('1', '2', '3', '4', '19', '20', '21') and payment.reversed_by_key is null
),

decided as (
    select
        standing.org_id,
        standing.claim_key
    from standing
    group by standing.org_id, standing.claim_key
),

waiting as (
    select
        claim.org_id,
        claim.period,
        max(claim.payer_sequence) as last_sequence,
        max(case when decided.claim_key is null then claim.payer_sequence end) as undecided_sequence
    from claim
    left join decided
        on
            claim.org_id = decided.org_id
            and claim.claim_key = decided.claim_key
    group by claim.org_id, claim.period
),

coverage as (
    select
        member.org_id,
        member.account_key,
        max(member.coverage_order) as last_order
    from silver.member as member
    where member.is_current and member.account_key is not null
    group by member.org_id, member.account_key
),

insured as (
    select
        member.org_id,
        member.patient_key
    from silver.member as member
    where member.is_current and member.account_key is null and coalesce(member.coverage_order, 1) = 1
    group by member.org_id, member.patient_key
),

billed as (
    select
        submission.org_id,
        submission.account_key
    from silver.claim_submission as submission
    group by submission.org_id, submission.account_key
),

charged as (
    select
        item.org_id,
        item.account_key,
        sum(item.charge_amount) as amount
    from silver.encounter_item as item
    group by item.org_id, item.account_key
),

discounted as (
    select
        adjustment.org_id,
        adjustment.account_key,
        sum(adjustment.amount) as amount
    from silver.adjustment as adjustment
    where
        coalesce(adjustment.adjustment_type, '') <> 'transfer'
        and adjustment.writeoff_category in ('none', 'uninsured_discount', 'courtesy')
    group by adjustment.org_id, adjustment.account_key
)

select
    standing.org_id,
    standing.source_system_id,
    standing.source_record_id,
    standing.load_id,
    standing.record_hash,
    standing.loaded_at,
    sha256(concat_ws('|', standing.org_id, standing.account_key, standing.claim_payment_key)) as obligation_key,
    standing.account_key,
    standing.patient_key,
    standing.remit_date as obligation_date,
    cast(patient_share.amount as decimal(18, 2)) as amount,
    'after_insurance' as obligation_type,
    standing.claim_payment_key,
    standing.entity_id,
    standing.billing_type
from standing
inner join patient_share
    on
        standing.org_id = patient_share.org_id
        and standing.claim_payment_key = patient_share.claim_payment_key
inner join waiting
    on
        standing.org_id = waiting.org_id
        and standing.period = waiting.period
left join coverage
    on
        standing.org_id = coverage.org_id
        and standing.account_key = coverage.account_key
where
    standing.recency = 1
    and standing.clp_status_code not in ('19', '20', '21')
    and patient_share.amount <> 0
    and coalesce(waiting.undecided_sequence <= standing.sent_sequence, true)
    and not (waiting.last_sequence = 'P' and coalesce(coverage.last_order, 1) > 1)

union all

select
    encounter.org_id,
    encounter.source_system_id,
    encounter.source_record_id,
    encounter.load_id,
    encounter.record_hash,
    encounter.loaded_at,
    sha256(concat_ws('|', encounter.org_id, encounter.account_key, 'self_pay')) as obligation_key,
    encounter.account_key,
    encounter.patient_key,
    encounter.final_bill_date as obligation_date,
    cast(charged.amount - coalesce(discounted.amount, 0) as decimal(18, 2)) as amount,
    'self_pay' as obligation_type,
    cast(null as text) as claim_payment_key,
    encounter.entity_id,
    encounter.billing_type
from silver.encounter as encounter
inner join charged
    on
        encounter.org_id = charged.org_id
        and encounter.account_key = charged.account_key
left join discounted
    on
        encounter.org_id = discounted.org_id
        and encounter.account_key = discounted.account_key
left join coverage
    on
        encounter.org_id = coverage.org_id
        and encounter.account_key = coverage.account_key
left join insured
    on
        encounter.org_id = insured.org_id
        and encounter.patient_key = insured.patient_key
left join billed
    on
        encounter.org_id = billed.org_id
        and encounter.account_key = billed.account_key
where
    encounter.final_bill_date is not null
    and charged.amount - coalesce(discounted.amount, 0) <> 0
    and coverage.account_key is null
    and insured.patient_key is null
    and billed.account_key is null
