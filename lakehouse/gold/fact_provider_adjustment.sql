-- One row per provider-level adjustment (PLB) of an 835; a positive amount reduces the payment.
-- WO, WU and OB take money back for overpayments, L6 is interest the payer owes.
-- grain: org_id, plb_key
-- load: full
-- partition: org_id
-- checks: amount not null, remit_date not null

select
    adjustment.org_id,
    remittance.entity_id,
    remittance.payer_id,
    coalesce(payer.payer_class, 'other') as payer_class,
    entity.billing_type,
    adjustment.plb_key,
    remittance.remit_date,
    adjustment.reason_code,
    adjustment.amount,
    adjustment.reason_code in ('WO', 'WU', 'OB') as is_takeback,
    adjustment.reason_code = 'L6' as is_interest
from silver.provider_adjustment as adjustment
inner join silver.remittance as remittance
    on
        adjustment.org_id = remittance.org_id
        and adjustment.remittance_key = remittance.remittance_key
left join silver.payer as payer
    on
        remittance.org_id = payer.org_id
        and remittance.payer_id = payer.payer_id
left join reference.entity as entity
    on
        remittance.org_id = entity.org_id
        and remittance.entity_id = entity.entity_id
