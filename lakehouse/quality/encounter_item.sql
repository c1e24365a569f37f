-- One row per charge that breaks a rule. Its amount stays in the totals.
-- of: silver.encounter_item
-- rule: CHG-01 warn: charge without encounter
-- rule: CHG-03 warn: charge credit without original charge
-- rule: CHG-04 warn: charge more than three days outside the encounter
-- grain: org_id, rule_id, record_key
-- load: full

with charged as (
    select
        charge.org_id,
        charge.account_key,
        charge.procedure_code,
        min(charge.post_date) as first_post_date
    from silver.encounter_item as charge
    where charge.charge_amount > 0
    group by charge.org_id, charge.account_key, charge.procedure_code
)

select
    charge.org_id,
    charge.source_system_id,
    'CHG-01' as rule_id,
    charge.charge_key as record_key,
    charge.source_record_id
from silver.encounter_item as charge
where charge.account_key is null

union all

select
    credit.org_id,
    credit.source_system_id,
    'CHG-03' as rule_id,
    credit.charge_key as record_key,
    credit.source_record_id
from silver.encounter_item as credit
left join charged
    on
        credit.org_id = charged.org_id
        and credit.account_key = charged.account_key
        and coalesce(credit.procedure_code, '') = coalesce(charged.procedure_code, '')
        and charged.first_post_date <= credit.post_date
where credit.charge_amount < 0 and credit.account_key is not null and charged.account_key is null

union all

select
    charge.org_id,
    charge.source_system_id,
    'CHG-04' as rule_id,
    charge.charge_key as record_key,
    charge.source_record_id
from silver.encounter_item as charge
inner join silver.encounter as encounter
    on
        charge.org_id = encounter.org_id
        and charge.account_key = encounter.account_key
where
    date_diff(
        'day', charge.service_date, cast(coalesce(encounter.admit_at, encounter.arrival_at) as date)
    ) > 3
    or date_diff('day', cast(encounter.discharge_at as date), charge.service_date) > 3
