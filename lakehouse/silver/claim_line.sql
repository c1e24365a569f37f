-- One row per service line of the latest version of a claim, with what the payer's contract allows for it.
-- A term applies to the claim's payer and billing type, to its entity or to every entity, on the day of service. A fee
-- for the code (rate times units, never above the charge) comes before a share of the charge; a term of the entity
-- before one of every entity; the newer before the older. Cents are rounded half up. Without a term nothing is expected:
-- the amount is null, not zero. A term for one modifier, one place of service or a DRG prices no line here.
-- grain: org_id, line_key
-- load: full
-- partition: org_id
-- checks: line_key unique, claim_key not null, warn: charge_amount not null

with term as (
    select
        rate.org_id,
        rate.entity_id,
        rate.payer_id,
        rate.billing_type,
        rate.rate_method,
        rate.code,
        coalesce(rate.effective_from, date '1900-01-01') as effective_from,
        coalesce(rate.effective_to, date '9999-12-31') as effective_to,
        cast(round(rate.rate_amount * 10000) as bigint) as rate_units,
        cast(round(rate.rate_percent * 1000000) as bigint) as rate_share,
        rate.contract_rate_key
    from silver.contract_rate as rate
    where rate.modifier is null and rate.place_of_service is null
),

priced as (
    select
        line.org_id,
        line.line_key,
        1 as preference,
        term.entity_id,
        term.effective_from,
        term.contract_rate_key,
        least(
            cast(round(line.charge_amount * 100) as bigint),
            (2 * term.rate_units * cast(round(coalesce(line.units, 1) * 1000) as bigint) + 100000) // 200000
        ) as expected_cents
    from silver.sent_line as line
    inner join term
        on
            line.org_id = term.org_id
            and line.payer_id = term.payer_id
            and line.billing_type = term.billing_type
            and line.procedure_code = term.code
            and term.rate_method = 'fee_schedule'
    where
        line.service_from between term.effective_from and term.effective_to
        and (term.entity_id is null or line.entity_id = term.entity_id)

    union all

    select
        line.org_id,
        line.line_key,
        2 as preference,
        term.entity_id,
        term.effective_from,
        term.contract_rate_key,
        (2 * cast(round(line.charge_amount * 100) as bigint) * term.rate_share + 1000000) // 2000000 as expected_cents
    from silver.sent_line as line
    inner join term
        on
            line.org_id = term.org_id
            and line.payer_id = term.payer_id
            and line.billing_type = term.billing_type
            and term.rate_method = 'percent_of_charge'
            and term.code is null
    where
        line.service_from between term.effective_from and term.effective_to
        and (term.entity_id is null or line.entity_id = term.entity_id)
),

chosen as (
    select
        priced.*,
        row_number() over (
            partition by priced.org_id, priced.line_key
            order by
                priced.preference, case when priced.entity_id is null then 2 else 1 end, priced.effective_from desc,
                priced.contract_rate_key
        ) as place
    from priced
    where priced.expected_cents is not null
)

select
    line.org_id,
    line.source_system_id,
    line.source_record_id,
    line.load_id,
    line.record_hash,
    line.loaded_at,
    line.line_key,
    line.claim_key,
    line.line_number,
    line.line_control_number,
    line.revenue_code,
    line.procedure_code,
    line.modifiers,
    line.units,
    line.charge_amount,
    line.service_from,
    line.service_to,
    try_cast(line.diagnosis_pointers as int[]) as dx_pointers,
    line.ndc,
    cast(chosen.expected_cents * cast(0.01 as decimal(3, 2)) as decimal(18, 2)) as expected_allowed_amount,
    line.account_key,
    line.entity_id,
    line.payer_id,
    line.billing_type,
    line.place_of_service,
    line.rendering_npi
from silver.sent_line as line
left join chosen
    on
        line.org_id = chosen.org_id
        and line.line_key = chosen.line_key
        and chosen.place = 1
