-- One row per remitted claim that breaks a rule. A reversal that adds money is held before it is paired: it takes nothing
-- back, and the payment before it stands.
-- of: silver.remitted_claim
-- key: claim_payment_key
-- rule: CLP-04 quarantine: reversal with positive amounts
-- grain: org_id, rule_id, record_key
-- load: full

select
    reversal.org_id,
    reversal.source_system_id,
    'CLP-04' as rule_id,
    reversal.claim_payment_key as record_key,
    reversal.source_record_id
from silver.remitted_claim as reversal
where reversal.is_reversal and (reversal.charge_amount > 0 or reversal.paid_amount > 0)
