-- One row per provider-level adjustment that breaks a rule. What a payer takes back by reference (FB, WO, 72) has to name
-- it. A forwarded balance is open while the amounts under its reference do not add up to zero 180 days after the first.
-- of: silver.provider_adjustment
-- rule: PLB-01 warn: provider adjustment without reason or reference
-- rule: PLB-02 warn: forwarding balance open for more than 180 days
-- grain: org_id, rule_id, record_key
-- load: full

with forwarded as (
    select
        adjustment.org_id,
        remittance.payer_id,
        adjustment.reference_id,
        sum(adjustment.amount) as open_amount,
        min(remittance.remit_date) as first_date,
        min(adjustment.plb_key) as plb_key,
        min(adjustment.source_system_id) as source_system_id,
        cast(null as text) as source_record_id
    from silver.provider_adjustment as adjustment
    inner join silver.remittance as remittance
        on
            adjustment.org_id = remittance.org_id
            and adjustment.remittance_key = remittance.remittance_key
    where adjustment.reason_code in ('FB', 'WO') and adjustment.reference_id is not null
    group by adjustment.org_id, remittance.payer_id, adjustment.reference_id
),

newest as (
    select
        remittance.org_id,
        max(remittance.remit_date) as remit_date
    from silver.remittance as remittance
    group by remittance.org_id
)

select
    adjustment.org_id,
    adjustment.source_system_id,
    'PLB-01' as rule_id,
    adjustment.plb_key as record_key,
    adjustment.source_record_id
from silver.provider_adjustment as adjustment
where
    adjustment.reason_code is null
    or (adjustment.reason_code in ('FB', 'WO', '72') and adjustment.reference_id is null)

union all

select
    forwarded.org_id,
    forwarded.source_system_id,
    'PLB-02' as rule_id,
    forwarded.plb_key as record_key,
    forwarded.source_record_id
from forwarded
inner join newest on forwarded.org_id = newest.org_id
where
    abs(forwarded.open_amount) > 0.01
    and date_diff('day', forwarded.first_date, newest.remit_date) > 180
