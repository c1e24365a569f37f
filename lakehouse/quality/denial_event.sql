-- One row per denial that breaks a rule. Where the denials of one adjudication deny more than it charged, all of them are
-- held.
-- of: silver.denial_event
-- key: denial_event_key
-- rule: DEN-01 warn: reason unmapped, counted as unmapped denial
-- rule: DEN-02 quarantine: denied more than charged
-- rule: DEN-03 fail: two first denials on one claim
-- grain: org_id, rule_id, record_key
-- load: full

with summed as (
    select
        denial.*,
        sum(denial.denied_charge_amount) over (
            partition by denial.org_id, denial.claim_payment_key
        ) as denied_amount,
        count(case when denial.is_first_for_claim then denial.denial_event_key end) over (
            partition by denial.org_id, denial.claim_key
        ) as first_count
    from silver.denial_event as denial
)

select
    denial.org_id,
    denial.source_system_id,
    'DEN-01' as rule_id,
    denial.denial_event_key as record_key,
    denial.source_record_id
from silver.denial_event as denial
where denial.denial_category = 'unmapped'

union all

select
    summed.org_id,
    summed.source_system_id,
    'DEN-02' as rule_id,
    summed.denial_event_key as record_key,
    summed.source_record_id
from summed
inner join silver.claim_payment as payment
    on
        summed.org_id = payment.org_id
        and summed.claim_payment_key = payment.claim_payment_key
where summed.denied_amount > payment.charge_amount + 0.01

union all

select
    summed.org_id,
    summed.source_system_id,
    'DEN-03' as rule_id,
    summed.denial_event_key as record_key,
    summed.source_record_id
from summed
where summed.is_first_for_claim and summed.claim_key is not null and summed.first_count > 1
