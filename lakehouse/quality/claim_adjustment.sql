-- One row per adjustment of a claim payment that breaks a rule. A group code nobody knows says not who bears the amount: it
-- is held. A code is retired where a list of them ended it before the day of the remittance; reversals repeat the code they
-- take back.
-- of: silver.claim_adjustment
-- key: claim_adjustment_key
-- rule: CAS-01 quarantine: group code unknown
-- rule: CAS-02 warn: reason code unknown or retired
-- rule: CAS-03 warn: zero adjustment
-- rule: CAS-04 warn: group not allowed with the reason
-- rule: CAS-05 warn: fee-schedule reduction equals the charge, hidden denial
-- rule: CAS-06 warn: repeated adjustment pair
-- rule: CAS-07 warn: reason without remark code, category unresolved
-- rule: CAS-08 warn: 4010 reversal group in a 5010 file
-- grain: org_id, rule_id, record_key
-- load: full

with retired as (
    select
        code.org_id,
        code.code,
        max(coalesce(code.effective_to, date '9999-12-31')) as effective_to
    from silver.ref_code as code
    where code.code_set = 'carc'
    group by code.org_id, code.code
),

placed as (
    select
        adjustment.*,
        payment.is_reversal,
        payment.remit_date,
        payment.paid_amount,
        coalesce(service.charge_amount, payment.charge_amount) as charged_amount,
        service.remark_codes is null and payment.remark_codes is null as is_without_remark,
        known.carc is null as is_unknown,
        coalesce(retired.effective_to <= payment.remit_date, false) as is_retired,
        row_number() over (
            partition by
                adjustment.org_id, adjustment.claim_payment_key, adjustment.service_payment_key,
                adjustment.group_code, adjustment.carc
            order by adjustment.cas_ordinal, adjustment.claim_adjustment_key
        ) as repetition
    from silver.claim_adjustment as adjustment
    inner join silver.remitted_claim as payment
        on
            adjustment.org_id = payment.org_id
            and adjustment.claim_payment_key = payment.claim_payment_key
    left join silver.service_payment as service
        on
            adjustment.org_id = service.org_id
            and adjustment.service_payment_key = service.service_payment_key
    left join reference.carc as known on adjustment.carc = known.carc
    left join retired
        on
            adjustment.org_id = retired.org_id
            and adjustment.carc = retired.code
)

select
    adjustment.org_id,
    adjustment.source_system_id,
    'CAS-01' as rule_id,
    adjustment.claim_adjustment_key as record_key,
    adjustment.source_record_id
from silver.claim_adjustment as adjustment
left join reference.group_code as known on adjustment.group_code = known.group_code
where known.group_code is null

union all

select
    placed.org_id,
    placed.source_system_id,
    'CAS-02' as rule_id,
    placed.claim_adjustment_key as record_key,
    placed.source_record_id
from placed
where (placed.is_unknown or placed.is_retired) and not placed.is_reversal

union all

select
    placed.org_id,
    placed.source_system_id,
    'CAS-03' as rule_id,
    placed.claim_adjustment_key as record_key,
    placed.source_record_id
from placed
where placed.amount = 0

union all

select
    placed.org_id,
    placed.source_system_id,
    'CAS-04' as rule_id,
    placed.claim_adjustment_key as record_key,
    placed.source_record_id
from placed
where
    (placed.carc in ('18', '23', '133', '136', '209', '257') and placed.group_code not in ('OA', 'CR'))
    or (placed.carc = '45' and placed.group_code not in ('CO', 'PR', 'CR'))

union all

select
    placed.org_id,
    placed.source_system_id,
    'CAS-05' as rule_id,
    placed.claim_adjustment_key as record_key,
    placed.source_record_id
from placed
where placed.carc = '45' and placed.charged_amount > 0 and placed.amount >= placed.charged_amount

union all

select
    placed.org_id,
    placed.source_system_id,
    'CAS-06' as rule_id,
    placed.claim_adjustment_key as record_key,
    placed.source_record_id
from placed
where placed.repetition > 1

union all

select
    placed.org_id,
    placed.source_system_id,
    'CAS-07' as rule_id,
    placed.claim_adjustment_key as record_key,
    placed.source_record_id
from placed
where placed.carc in ('16', '96', '252', 'A1', '226', '129') and placed.is_without_remark

union all

select
    placed.org_id,
    placed.source_system_id,
    'CAS-08' as rule_id,
    placed.claim_adjustment_key as record_key,
    placed.source_record_id
from placed
where placed.group_code = 'CR'
