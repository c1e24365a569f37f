-- One row per day, entity, billing type, payer class and measure with what was posted or happened that day.
-- Money counts on its posting date, by the entity, billing type and payer class of its account; unapplied cash by its
-- entity and payer. Collections are all cash net of refunds. Denial write-offs are at expected net value, with those taken
-- back because cash came shown apart. Bad debt is net of what agencies recovered. Discharges are inpatient.
-- grain: org_id, entity_id, billing_type, payer_class, date, measure
-- load: full
-- partition: org_id
-- checks: date not null, amount not null

with entry as (
    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        post_date as date,
        'total_charges' as measure,
        charge_amount as amount
    from gold.fact_charge

    union all

    select
        charge.org_id,
        charge.entity_id,
        charge.billing_type,
        charge.payer_class,
        charge.post_date as date,
        'inpatient_charges' as measure,
        charge.charge_amount as amount
    from gold.fact_charge as charge
    inner join gold.account as account
        on charge.org_id = account.org_id and charge.account_key = account.account_key
    where account.encounter_class = 'inpatient'

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        post_date as date,
        'total_collections' as measure,
        amount
    from gold.fact_payment

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        post_date as date,
        case when payment_source = 'patient' then 'patient_cash' else 'payer_cash' end as measure,
        amount
    from gold.fact_payment
    where payment_source in ('payer', 'patient')

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        post_date as date,
        'pos_cash' as measure,
        amount
    from gold.fact_payment
    where is_pos

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        post_date as date,
        'refunds' as measure,
        -amount as amount
    from gold.fact_payment
    where is_refund

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        post_date as date,
        'bad_debt' as measure,
        -amount as amount
    from gold.fact_payment
    where is_bad_debt_recovery

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        post_date as date,
        'contractual_adjustments' as measure,
        amount
    from gold.fact_adjustment
    where adjustment_type = 'contractual'

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        post_date as date,
        writeoff_category as measure,
        amount
    from gold.fact_adjustment
    where writeoff_category in ('bad_debt', 'charity', 'uninsured_discount')

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        post_date as date,
        case when is_recovery then 'denial_writeoff_recoveries' else 'denial_writeoffs' end as measure,
        case when is_recovery then -net_amount else net_amount end as amount
    from gold.fact_adjustment
    where is_denial_writeoff

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        discharge_date as date,
        'discharges' as measure,
        1 as amount
    from gold.account
    where encounter_class = 'inpatient' and discharge_date is not null

    union all

    select
        org_id,
        entity_id,
        billing_type,
        payer_class,
        first_service_date as date,
        'encounters' as measure,
        1 as amount
    from gold.account
    where first_service_date is not null
)

select
    entry.org_id,
    entry.entity_id,
    entry.billing_type,
    entry.payer_class,
    entry.date,
    entry.measure,
    cast(sum(entry.amount) as decimal(18, 2)) as amount
from entry
group by entry.org_id, entry.entity_id, entry.billing_type, entry.payer_class, entry.date, entry.measure
