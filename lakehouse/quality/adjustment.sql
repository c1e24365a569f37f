-- One row per adjustment, or account, that breaks a rule. An adjustment whose code says neither what it is nor, for a write-
-- off, why is held: A/R would count it under a wrong cause. A contractual one with a reason that denies hides a denial.
-- of: silver.adjustment
-- key: adjustment_key
-- rule: ADJ-01 quarantine: adjustment code is not mapped
-- rule: ADJ-02 warn: denial posted as contractual
-- rule: ADJ-05 warn: account adjusted by more than its charges
-- grain: org_id, rule_id, record_key
-- load: full

with charged as (
    select
        charge.org_id,
        charge.account_key,
        sum(charge.charge_amount) as charge_amount
    from silver.encounter_item as charge
    where charge.account_key is not null
    group by charge.org_id, charge.account_key
),

adjusted as (
    select
        adjustment.org_id,
        adjustment.account_key,
        min(adjustment.source_system_id) as source_system_id,
        cast(null as text) as source_record_id,
        sum(adjustment.amount) as adjusted_amount
    from silver.adjustment as adjustment
    where adjustment.account_key is not null
    group by adjustment.org_id, adjustment.account_key
)

select
    adjustment.org_id,
    adjustment.source_system_id,
    'ADJ-01' as rule_id,
    adjustment.adjustment_key as record_key,
    adjustment.source_record_id
from silver.adjustment as adjustment
where
    adjustment.adjustment_code is not null
    and (
        coalesce(adjustment.adjustment_type, 'adjustment') = 'adjustment'
        or (adjustment.is_write_off and adjustment.writeoff_category = 'none')
    )

union all

select
    adjustment.org_id,
    adjustment.source_system_id,
    'ADJ-02' as rule_id,
    adjustment.adjustment_key as record_key,
    adjustment.source_record_id
from silver.adjustment as adjustment
inner join reference.carc as reason on adjustment.carc = reason.carc
where adjustment.adjustment_type = 'contractual' and reason.is_denial

union all

select
    adjusted.org_id,
    adjusted.source_system_id,
    'ADJ-05' as rule_id,
    adjusted.account_key as record_key,
    adjusted.source_record_id
from adjusted
left join charged
    on
        adjusted.org_id = charged.org_id
        and adjusted.account_key = charged.account_key
where adjusted.adjusted_amount > coalesce(charged.charge_amount, 0)
