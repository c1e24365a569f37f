-- One row per claim payment that breaks a rule. One that fits no claim keeps its row: its money was received (CLP-08).
-- Split claims are added up before they are compared with what was sent, in any version.
-- of: silver.claim_payment
-- key: claim_payment_key
-- rule: CLP-02 warn: claim status is not a 5010 value
-- rule: CLP-05 warn: reversal of an unknown payment
-- rule: CLP-06 warn: reversal differs from the original
-- rule: CLP-07 warn: claim reversed and not corrected for 30 days
-- rule: CLP-08 warn: remittance claim fits no claim, or several
-- rule: CLP-09 warn: patient responsibility differs from its adjustments
-- rule: CLP-10 warn: adjudicated charge differs from submitted
-- rule: CLP-11 warn: paid above charge without explanation
-- rule: CLP-12 warn: paid before submission
-- rule: CLP-13 warn: secondary remittance without prior-payer amount, over-posting risk
-- grain: org_id, rule_id, record_key
-- load: full

with dated as (
    select
        payment.*,
        remittance.remit_date,
        max(remittance.remit_date) over (partition by payment.org_id) as newest_date,
        max(case when payment.is_correction then remittance.remit_date end) over (
            partition by payment.org_id, payment.claim_key
        ) as corrected_date
    from silver.claim_payment as payment
    inner join silver.remittance as remittance
        on
            payment.org_id = remittance.org_id
            and payment.remittance_key = remittance.remittance_key
),

adjusted as (
    select
        adjustment.org_id,
        adjustment.claim_payment_key,
        sum(case when adjustment.group_code = 'PR' then adjustment.amount else 0 end) as patient_amount,
        max(case when adjustment.carc = '94' then 1 else 0 end) as has_excess
    from silver.claim_adjustment as adjustment
    group by adjustment.org_id, adjustment.claim_payment_key
),

sent as (
    select
        submission.org_id,
        submission.claim_key,
        min(submission.submitted_date) as first_date,
        min(submission.total_charge_amount) as least_amount,
        max(submission.total_charge_amount) as most_amount
    from silver.claim_submission as submission
    group by submission.org_id, submission.claim_key
),

decided as (
    select
        payment.org_id,
        payment.claim_key,
        payment.remittance_key,
        sum(payment.charge_amount) as charge_amount,
        min(payment.claim_payment_key) as claim_payment_key,
        min(payment.source_system_id) as source_system_id,
        min(payment.source_record_id) as source_record_id
    from silver.claim_payment as payment
    where payment.claim_key is not null and payment.clp_status_code in ('1', '2', '3', '4', '19', '20', '21')
    group by payment.org_id, payment.claim_key, payment.remittance_key
),

earlier_payer as (
    select distinct
        payment.org_id,
        payment.account_key
    from silver.claim_payment as payment
    where payment.payer_sequence = 'P' and payment.is_effective and payment.paid_amount > 0
)

select
    payment.org_id,
    payment.source_system_id,
    'CLP-02' as rule_id,
    payment.claim_payment_key as record_key,
    payment.source_record_id
from silver.claim_payment as payment
where
    coalesce(payment.clp_status_code, '') not in ('1', '2', '3', '4', '19', '20', '21', '22', '23', '25')

union all

select
    payment.org_id,
    payment.source_system_id,
    'CLP-05' as rule_id,
    payment.claim_payment_key as record_key,
    payment.source_record_id
from silver.claim_payment as payment
where payment.is_reversal and payment.reverses_key is null

union all

select
    payment.org_id,
    payment.source_system_id,
    'CLP-06' as rule_id,
    payment.claim_payment_key as record_key,
    payment.source_record_id
from silver.claim_payment as payment
inner join silver.claim_payment as original
    on
        payment.org_id = original.org_id
        and payment.reverses_key = original.claim_payment_key
where
    abs(payment.charge_amount + original.charge_amount) > 0.01
    or abs(payment.paid_amount + original.paid_amount) > 0.01

union all

select
    dated.org_id,
    dated.source_system_id,
    'CLP-07' as rule_id,
    dated.claim_payment_key as record_key,
    dated.source_record_id
from dated
where
    dated.is_reversal
    and dated.claim_key is not null
    and coalesce(dated.corrected_date < dated.remit_date, true)
    and date_diff('day', dated.remit_date, dated.newest_date) > 30

union all

select
    payment.org_id,
    payment.source_system_id,
    'CLP-08' as rule_id,
    payment.claim_payment_key as record_key,
    payment.source_record_id
from silver.claim_payment as payment
where payment.match_status <> 'matched'

union all

select
    payment.org_id,
    payment.source_system_id,
    'CLP-09' as rule_id,
    payment.claim_payment_key as record_key,
    payment.source_record_id
from silver.claim_payment as payment
left join adjusted
    on
        payment.org_id = adjusted.org_id
        and payment.claim_payment_key = adjusted.claim_payment_key
where abs(payment.patient_resp_amount - coalesce(adjusted.patient_amount, 0)) > 0.01

union all

select
    decided.org_id,
    decided.source_system_id,
    'CLP-10' as rule_id,
    decided.claim_payment_key as record_key,
    decided.source_record_id
from decided
inner join sent
    on
        decided.org_id = sent.org_id
        and decided.claim_key = sent.claim_key
where
    abs(decided.charge_amount - sent.least_amount) > 0.01
    and abs(decided.charge_amount - sent.most_amount) > 0.01

union all

select
    payment.org_id,
    payment.source_system_id,
    'CLP-11' as rule_id,
    payment.claim_payment_key as record_key,
    payment.source_record_id
from silver.claim_payment as payment
left join adjusted
    on
        payment.org_id = adjusted.org_id
        and payment.claim_payment_key = adjusted.claim_payment_key
where payment.paid_amount > payment.charge_amount and coalesce(adjusted.has_excess, 0) = 0 and not payment.is_reversal

union all

select
    dated.org_id,
    dated.source_system_id,
    'CLP-12' as rule_id,
    dated.claim_payment_key as record_key,
    dated.source_record_id
from dated
inner join sent
    on
        dated.org_id = sent.org_id
        and dated.claim_key = sent.claim_key
where dated.remit_date < sent.first_date

union all

select
    payment.org_id,
    payment.source_system_id,
    'CLP-13' as rule_id,
    payment.claim_payment_key as record_key,
    payment.source_record_id
from silver.claim_payment as payment
inner join earlier_payer
    on
        payment.org_id = earlier_payer.org_id
        and payment.account_key = earlier_payer.account_key
where
    payment.payer_sequence in ('S', 'T')
    and payment.is_effective
    and payment.prior_payer_amount = 0
