-- One row per claim line that a remittance names: what the first adjudication of its claim denied, and what the standing
-- one allowed and paid.
-- The denial that stands for the line is the largest single denial adjustment of the first adjudication's services of the
-- line (tie: smallest code). A line is downcoded when its first adjudication pays an evaluation code of a lower level than
-- the one submitted, or carries CARC 150.
-- grain: org_id, line_key
-- load: full
-- partition: org_id
-- checks: is_denied_first not null

with service as (
    select
        service.org_id,
        service.line_key,
        service.service_payment_key,
        service.procedure_code,
        service.allowed_amount,
        service.paid_amount,
        adjudication.remit_date,
        adjudication.is_first_adjudication as is_first,
        coalesce(payment.is_effective, false) as is_standing,
        paid_code.em_level as paid_level
    from silver.service_payment as service
    inner join silver.claim_payment as payment
        on
            service.org_id = payment.org_id
            and service.claim_payment_key = payment.claim_payment_key
    inner join gold.adjudication as adjudication
        on
            service.org_id = adjudication.org_id
            and service.claim_payment_key = adjudication.claim_payment_key
    left join reference.em_code as paid_code on service.procedure_code = paid_code.procedure_code
    where
        service.line_key is not null
        and adjudication.is_adjudication
),

denial as (
    select
        service.org_id,
        service.line_key,
        adjustment.carc,
        adjustment.denial_category,
        adjustment.amount,
        sum(adjustment.amount) over (partition by service.org_id, service.line_key) as denied_amount,
        row_number() over (
            partition by service.org_id, service.line_key
            order by adjustment.amount desc, adjustment.carc, adjustment.denial_category
        ) as position
    from service
    inner join silver.claim_adjustment as adjustment
        on
            service.org_id = adjustment.org_id
            and service.service_payment_key = adjustment.service_payment_key
    where service.is_first and adjustment.is_denial
),

share as (
    select
        service.org_id,
        service.line_key,
        sum(case when service.is_standing and adjustment.group_code = 'PR' then adjustment.amount end)
            as patient_resp_amount,
        bool_or(service.is_first and adjustment.carc = '150') as is_level_unsupported
    from service
    inner join silver.claim_adjustment as adjustment
        on
            service.org_id = adjustment.org_id
            and service.service_payment_key = adjustment.service_payment_key
    group by service.org_id, service.line_key
),

line as (
    select
        service.org_id,
        service.line_key,
        min(case when service.is_first then service.remit_date end) as first_remit_date,
        min(case when service.is_first then service.paid_level end) as first_paid_level,
        min(case when service.is_standing then service.procedure_code end) as paid_procedure_code,
        sum(case when service.is_standing then service.allowed_amount end) as allowed_amount,
        sum(case when service.is_standing then service.paid_amount end) as paid_amount
    from service
    group by service.org_id, service.line_key
)

select
    line.org_id,
    line.line_key,
    line.first_remit_date,
    line.first_paid_level,
    line.paid_procedure_code,
    cast(line.allowed_amount as decimal(18, 2)) as allowed_amount,
    cast(line.paid_amount as decimal(18, 2)) as paid_amount,
    cast(share.patient_resp_amount as decimal(18, 2)) as patient_resp_amount,
    denial.line_key is not null as is_denied_first,
    denial.denial_category as first_denial_category,
    denial.carc as first_denial_carc,
    cast(coalesce(denial.denied_amount, 0) as decimal(18, 2)) as first_denied_charge_amount,
    coalesce(share.is_level_unsupported, false) as is_level_unsupported
from line
left join denial
    on
        line.org_id = denial.org_id
        and line.line_key = denial.line_key
        and denial.position = 1
left join share
    on
        line.org_id = share.org_id
        and line.line_key = share.line_key
