-- One row per claim payment (CLP loop) with its claim, its place among reversals and corrections, and what it decided.
-- The effective payment of a claim is its latest adjudication that no reversal took back. A correction is the first
-- adjudication after a reversal. Effective amounts of a claim are sums over all its payments, reversals included.
-- Allowed is the lines' own amounts (AMT*B6), else the claim's (AMT*AU), else paid plus patient responsibility and other
-- payment-side reductions; a reversal always takes the last. Denied counts adjudications only. OA-23 is what earlier
-- payers settled: never posted again, never a denial.
-- It balances when charge less all adjustments is paid, within a cent. An unmatched payment is kept without a claim.
-- grain: org_id, claim_payment_key
-- load: full
-- partition: org_id
-- checks: claim_payment_key unique, remittance_key in silver.remittance, match_status in ('matched', 'ambiguous', 'unmatched')

with adjusted as (
    select
        adjustment.org_id,
        adjustment.claim_payment_key,
        sum(adjustment.amount) as amount,
        sum(case when adjustment.is_denial then adjustment.amount else 0 end) as denied_amount,
        sum(case when adjustment.category = 'contractual' then adjustment.amount else 0 end) as contractual_amount,
        sum(case when adjustment.category = 'prior_payer' then adjustment.amount else 0 end) as prior_payer_amount,
        sum(case when adjustment.is_payment_side then adjustment.amount else 0 end) as payment_side_amount
    from silver.claim_adjustment as adjustment
    group by adjustment.org_id, adjustment.claim_payment_key
),

serviced as (
    select
        service.org_id,
        service.claim_payment_key,
        sum(service.allowed_amount) as allowed_amount
    from silver.service_payment as service
    group by service.org_id, service.claim_payment_key
),

deciding as (
    select
        matched.org_id,
        matched.claim_payment_key,
        matched.claim_key,
        matched.is_adjudication,
        taken_back.claim_payment_key as reversed_by_key,
        lag(matched.is_reversal) over (
            partition by matched.org_id, matched.claim_key
            order by matched.remit_date, matched.trace_number, matched.clp_ordinal, matched.claim_payment_key
        ) as follows_reversal,
        row_number() over (
            partition by
                matched.org_id, matched.claim_key, matched.is_adjudication and taken_back.claim_payment_key is null
            order by
                matched.remit_date desc, matched.trace_number desc, matched.clp_ordinal desc,
                matched.claim_payment_key desc
        ) as recency
    from silver.claim_payment_match as matched
    left join silver.reversal as taken_back
        on
            matched.org_id = taken_back.org_id
            and matched.claim_payment_key = taken_back.reverses_key
    where matched.is_adjudication or matched.is_reversal
)

select
    payment.org_id,
    payment.source_system_id,
    payment.source_record_id,
    payment.load_id,
    payment.record_hash,
    payment.loaded_at,
    payment.claim_payment_key,
    payment.remittance_key,
    payment.clp_ordinal,
    payment.claim_id,
    matched.claim_key,
    payment.clp_status_code,
    payment.charge_amount,
    payment.paid_amount,
    payment.patient_resp_amount,
    payment.filing_indicator,
    payment.payer_claim_control_number,
    payment.facility_type_code,
    payment.frequency_code,
    payment.drg_code as drg_paid,
    payment.drg_weight as drg_weight_paid,
    payment.discharge_fraction,
    payment.coverage_amount,
    payment.interest_amount,
    payment.claim_received_date,
    payment.statement_from,
    payment.statement_to,
    payment.coverage_expiry_date,
    payment.corrected_member_id,
    payment.crossover_payer_name,
    string_split_regex(nullif(trim(payment.remark_codes), ''), ' +') as remark_codes,
    coalesce(claim.payer_sequence, payment.stated_sequence, original.stated_sequence) as payer_sequence,
    payment.is_reversal,
    deciding.reversed_by_key,
    taking.reverses_key,
    payment.is_adjudication and matched.claim_key is not null and coalesce(deciding.follows_reversal, false)
        as is_correction,
    payment.is_adjudication and matched.claim_key is not null and deciding.reversed_by_key is null
    and deciding.recency = 1 as is_effective,
    cast(
        case
            when payment.is_reversal then payment.paid_amount + coalesce(adjusted.payment_side_amount, 0)
            else coalesce(
                serviced.allowed_amount, payment.coverage_amount,
                payment.paid_amount + coalesce(adjusted.payment_side_amount, 0)
            )
        end as decimal(18, 2)
    ) as allowed_amount,
    cast(coalesce(adjusted.denied_amount, 0) as decimal(18, 2)) as denied_amount,
    cast(coalesce(adjusted.contractual_amount, 0) as decimal(18, 2)) as contractual_amount,
    cast(coalesce(adjusted.prior_payer_amount, 0) as decimal(18, 2)) as prior_payer_amount,
    coalesce(
        abs(payment.charge_amount - coalesce(adjusted.amount, 0) - payment.paid_amount) <= 0.01, false
    ) as is_balanced,
    cast(null as boolean) as is_autoposted,
    matched.match_method,
    matched.match_status,
    coalesce(claim.account_key, sha256(concat_ws('|', payment.org_id, payment.entity_id, payment.claim_id)))
        as account_key,
    coalesce(claim.entity_id, payment.entity_id) as entity_id,
    payment.payer_id,
    payment.file_id,
    payment.transaction_no,
    payment.claim_no
from silver.remitted_claim as payment
inner join silver.claim_payment_match as matched
    on payment.org_id = matched.org_id and payment.claim_payment_key = matched.claim_payment_key
left join deciding
    on payment.org_id = deciding.org_id and payment.claim_payment_key = deciding.claim_payment_key
left join silver.reversal as taking
    on payment.org_id = taking.org_id and payment.claim_payment_key = taking.claim_payment_key
left join silver.remitted_claim as original
    on taking.org_id = original.org_id and taking.reverses_key = original.claim_payment_key
left join silver.claim as claim
    on matched.org_id = claim.org_id and matched.claim_key = claim.claim_key
left join adjusted
    on payment.org_id = adjusted.org_id and payment.claim_payment_key = adjusted.claim_payment_key
left join serviced
    on payment.org_id = serviced.org_id and payment.claim_payment_key = serviced.claim_payment_key
