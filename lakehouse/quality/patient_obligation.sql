-- One row per obligation that is no amount to pay, or that is not what its remittance says the patient owes (CLP05).
-- of: silver.patient_obligation
-- rule: OBL-01 warn: patient obligation differs from remittance
-- grain: org_id, rule_id, record_key
-- load: full

select
    obligation.org_id,
    obligation.source_system_id,
    'OBL-01' as rule_id,
    obligation.obligation_key as record_key,
    obligation.source_record_id
from silver.patient_obligation as obligation
left join silver.claim_payment as payment
    on
        obligation.org_id = payment.org_id
        and obligation.claim_payment_key = payment.claim_payment_key
where
    obligation.amount <= 0
    or coalesce(abs(obligation.amount - payment.patient_resp_amount) > 0.01, false)
