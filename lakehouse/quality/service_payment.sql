-- One row per adjudicated line that breaks a rule: a professional claim is decided line by line, so each fits one that was
-- sent.
-- of: silver.service_payment
-- rule: SVC-02 warn: adjudicated line fits no submitted line
-- grain: org_id, rule_id, record_key
-- load: full

select
    service.org_id,
    service.source_system_id,
    'SVC-02' as rule_id,
    service.service_payment_key as record_key,
    service.source_record_id
from silver.service_payment as service
inner join silver.claim as claim
    on
        service.org_id = claim.org_id
        and service.claim_key = claim.claim_key
where claim.billing_type = 'PB' and service.line_key is null and service.charge_amount <> 0
