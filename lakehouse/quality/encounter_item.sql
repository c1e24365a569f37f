-- One row per charge that breaks a rule. A charge whose account is not there, or is held itself, is held. A charge is an
-- extreme outlier beyond ten times the 99.9th percentile of its code, its largest charge left aside.
-- of: silver.encounter_item
-- key: charge_key
-- rule: CHG-01 quarantine: charge without encounter
-- rule: CHG-03 warn: charge credit without original charge
-- rule: CHG-04 warn: charge more than three days outside the encounter
-- rule: CHG-06 warn: procedure code not valid on the service date
-- rule: CHG-08 warn: charge amount is an extreme outlier of its code
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
),

listed as (
    select
        code.org_id,
        code.code_set,
        min(coalesce(code.effective_from, date '1900-01-01')) as listed_from
    from silver.ref_code as code
    group by code.org_id, code.code_set
),

coded as (
    select
        charge.*,
        case when charge.procedure_code < 'A' then 'cpt' else 'hcpcs' end as code_set
    from silver.encounter_item as charge
    where charge.procedure_code is not null
),

ranked as (
    select
        charge.*,
        coalesce(charge.procedure_code, charge.revenue_code) as code,
        row_number() over (
            partition by charge.org_id, coalesce(charge.procedure_code, charge.revenue_code)
            order by charge.charge_amount desc, charge.charge_key
        ) as place
    from silver.encounter_item as charge
    where charge.charge_amount > 0
),

usual as (
    select
        ranked.org_id,
        ranked.code,
        quantile_cont(cast(ranked.charge_amount as double), 0.999) as most_amount
    from ranked
    where ranked.place > 1
    group by ranked.org_id, ranked.code
)

select
    charge.org_id,
    charge.source_system_id,
    'CHG-01' as rule_id,
    charge.charge_key as record_key,
    charge.source_record_id
from silver.encounter_item as charge
left join silver.encounter as encounter
    on
        charge.org_id = encounter.org_id
        and charge.account_key = encounter.account_key
where encounter.account_key is null

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

union all

select
    coded.org_id,
    coded.source_system_id,
    'CHG-06' as rule_id,
    coded.charge_key as record_key,
    coded.source_record_id
from coded
inner join listed
    on
        coded.org_id = listed.org_id
        and coded.code_set = listed.code_set
        and coded.service_date >= listed.listed_from
left join silver.ref_code as code
    on
        coded.org_id = code.org_id
        and coded.code_set = code.code_set
        and coded.procedure_code = code.code
        and coded.service_date >= coalesce(code.effective_from, date '1900-01-01')
        and coded.service_date < coalesce(code.effective_to, date '9999-12-31')
where code.code is null

union all

select
    ranked.org_id,
    ranked.source_system_id,
    'CHG-08' as rule_id,
    ranked.charge_key as record_key,
    ranked.source_record_id
from ranked
inner join usual
    on
        ranked.org_id = usual.org_id
        and ranked.code = usual.code
where cast(ranked.charge_amount as double) > 10 * usual.most_amount
