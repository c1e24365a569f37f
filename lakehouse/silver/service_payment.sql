-- One row per adjudicated service line (SVC loop) and the claim line it answers.
-- The line is found by its control number REF*6R; where none was echoed by code, service date and charge, the code being
-- the submitted one (SVC06) when the payer changed it; else by its place, when claim and payment have equally many lines
-- and code or charge agrees.
-- Lines that fit several claim lines alike are told apart by their order. A line charged 0 is the split of another, and
-- a reversal's line carries its charge negated; both keep the line they belong to.
-- grain: org_id, service_payment_key
-- load: full
-- partition: org_id
-- checks: service_payment_key unique, claim_payment_key not null

with service as (
    select
        service.*,
        payment.claim_payment_key,
        matched.claim_key,
        sha256(concat_ws('|', payment.claim_payment_key, cast(service.svc_ordinal as text))) as service_payment_key,
        coalesce(service.submitted_code, service.procedure_code) as code_sent,
        abs(service.charge_amount) as charge_sent,
        row_number() over (
            partition by
                service.org_id, payment.claim_payment_key,
                coalesce(service.submitted_code, service.procedure_code, service.revenue_code),
                service.service_date, abs(service.charge_amount)
            order by service.svc_ordinal
        ) as twin_no,
        row_number() over (
            partition by service.org_id, payment.claim_payment_key order by service.svc_ordinal
        ) as place,
        count(*) over (partition by service.org_id, payment.claim_payment_key) as line_count
    from bronze.era_835_service as service
    inner join silver.remitted_claim as payment
        on
            service.org_id = payment.org_id
            and service.file_id = payment.file_id
            and service.transaction_no = payment.transaction_no
            and coalesce(service.claim_no, 1) = coalesce(payment.claim_no, 1)
    left join silver.claim_payment_match as matched
        on
            payment.org_id = matched.org_id
            and payment.claim_payment_key = matched.claim_payment_key
),

line as (
    select
        line.org_id,
        line.claim_key,
        line.line_key,
        line.line_control_number,
        coalesce(line.procedure_code, line.revenue_code) as code_sent,
        line.service_from,
        line.charge_amount,
        row_number() over (
            partition by
                line.org_id, line.claim_key, coalesce(line.procedure_code, line.revenue_code), line.service_from,
                line.charge_amount
            order by line.line_number
        ) as twin_no,
        row_number() over (partition by line.org_id, line.claim_key order by line.line_number) as place,
        count(*) over (partition by line.org_id, line.claim_key) as line_count
    from silver.claim_line as line
),

controlled as (
    select
        line.org_id,
        line.claim_key,
        line.line_control_number,
        min(line.line_key) as line_key
    from line
    where line.line_control_number is not null
    group by line.org_id, line.claim_key, line.line_control_number
    having count(*) = 1
)

select
    service.org_id,
    service.source_system_id,
    case
        when service.byte_offset is null then concat(service.file_id, '#', cast(service.source_row as text))
        else concat(service.file_id, '@', cast(service.byte_offset as text), '+', cast(service.byte_length as text))
    end as source_record_id,
    service.load_id,
    service.record_hash,
    service.ingested_at as loaded_at,
    service.service_payment_key,
    service.claim_payment_key,
    coalesce(controlled.line_key, alike.line_key, in_place.line_key) as line_key,
    service.svc_ordinal,
    service.line_control_number,
    service.procedure_code,
    string_split_regex(nullif(trim(service.modifiers), ''), ' +') as modifiers,
    service.submitted_code,
    service.revenue_code,
    service.charge_amount,
    service.paid_amount,
    service.units_paid,
    service.units_submitted,
    service.service_date,
    service.allowed_amount,
    string_split_regex(nullif(trim(service.remark_codes), ''), ' +') as remark_codes,
    service.policy_id,
    service.claim_key,
    case
        when controlled.line_key is not null then 'line_control_number'
        when alike.line_key is not null then 'code_date_charge'
        when in_place.line_key is not null then 'place'
    end as match_method
from service
left join controlled
    on
        service.org_id = controlled.org_id
        and service.claim_key = controlled.claim_key
        and service.line_control_number = controlled.line_control_number
left join line as alike
    on
        service.org_id = alike.org_id
        and service.claim_key = alike.claim_key
        and coalesce(service.code_sent, service.revenue_code) = alike.code_sent
        and service.service_date = alike.service_from
        and service.charge_sent = alike.charge_amount
        and service.twin_no = alike.twin_no
left join line as in_place
    on
        service.org_id = in_place.org_id
        and service.claim_key = in_place.claim_key
        and service.place = in_place.place
        and service.line_count = in_place.line_count
        and (
            coalesce(service.code_sent, service.revenue_code) = in_place.code_sent
            or service.charge_sent = in_place.charge_amount
        )
