-- One row per denial adjustment of one adjudication: who refused what, why, and which case it belongs to.
-- A case is a run of consecutive adjudications of the claim that carry the category; a reversal between two of them does
-- not end it. On the claim's first adjudication the denial is first pass; after any earlier adjudication paid it is
-- retrospective; else the payer denied again. An event whose payment was reversed stays in history as reversed.
-- The key leaves the amount out: a corrected delivery of the same 835 changes the row instead of adding one. Where split
-- lines repeat a control number, the later ones are numbered.
-- The expected amount is the claim's expected allowed amount in proportion to the charge, rounded half up; null when
-- nothing is known to be expected.
-- grain: org_id, denial_event_key
-- load: full
-- partition: org_id
-- checks: denial_event_key unique, denial_category not null, warn: denied_charge_amount not null

with adjudication as (
    select
        payment.org_id,
        payment.claim_payment_key,
        coalesce(payment.claim_key, payment.claim_payment_key) as subject,
        row_number() over (
            partition by payment.org_id, coalesce(payment.claim_key, payment.claim_payment_key)
            order by payment.remit_date, payment.trace_number, payment.clp_ordinal, payment.claim_payment_key
        ) as adjudication_no,
        max(payment.paid_amount) over (
            partition by payment.org_id, coalesce(payment.claim_key, payment.claim_payment_key)
            order by payment.remit_date, payment.trace_number, payment.clp_ordinal, payment.claim_payment_key
            rows between unbounded preceding and 1 preceding
        ) as most_paid_before
    from silver.claim_payment_match as payment
    where payment.is_adjudication
),

carried as (
    select
        adjudication.org_id,
        adjudication.subject,
        denial.category,
        adjudication.adjudication_no
    from silver.claim_adjustment as denial
    inner join adjudication
        on
            denial.org_id = adjudication.org_id
            and denial.claim_payment_key = adjudication.claim_payment_key
    where denial.is_denial
    group by adjudication.org_id, adjudication.subject, denial.category, adjudication.adjudication_no
),

run as (
    select
        carried.*,
        carried.adjudication_no - row_number() over (
            partition by carried.org_id, carried.subject, carried.category order by carried.adjudication_no
        ) as run_no
    from carried
),

denial_case as (
    select
        run.*,
        dense_rank() over (partition by run.org_id, run.subject, run.category order by run.run_no) as case_no
    from run
),

denial as (
    select
        denial.*,
        payment.payer_id,
        payment.remit_date,
        payment.trace_number,
        payment.payer_originator_id,
        payment.claim_id,
        payment.payer_claim_control_number,
        payment.clp_ordinal,
        payment.remark_codes as claim_remarks,
        service.line_key,
        service.line_control_number,
        service.svc_ordinal,
        service.remark_codes as line_remarks,
        adjudication.subject,
        adjudication.adjudication_no,
        adjudication.most_paid_before,
        row_number() over (
            partition by
                denial.org_id, payment.payer_id, payment.trace_number, payment.payer_originator_id, payment.claim_id,
                payment.payer_claim_control_number, payment.clp_ordinal,
                coalesce(service.line_control_number, cast(service.svc_ordinal as text), 'claim'), denial.group_code,
                denial.carc, denial.cas_ordinal
            order by payment.remit_date, service.svc_ordinal, denial.claim_adjustment_key
        ) as twin_no
    from silver.claim_adjustment as denial
    inner join silver.remitted_claim as payment
        on
            denial.org_id = payment.org_id
            and denial.claim_payment_key = payment.claim_payment_key
    inner join adjudication
        on
            denial.org_id = adjudication.org_id
            and denial.claim_payment_key = adjudication.claim_payment_key
    left join silver.service_payment as service
        on
            denial.org_id = service.org_id
            and denial.service_payment_key = service.service_payment_key
    where denial.is_denial
)

select
    denial.org_id,
    denial.source_system_id,
    denial.source_record_id,
    denial.load_id,
    denial.record_hash,
    denial.loaded_at,
    sha256(concat_ws(
        '|', denial.org_id, denial.payer_id, coalesce(denial.trace_number, ''),
        coalesce(denial.payer_originator_id, ''), coalesce(denial.claim_id, ''),
        coalesce(denial.payer_claim_control_number, ''), coalesce(cast(denial.clp_ordinal as text), ''),
        coalesce(denial.line_control_number, cast(denial.svc_ordinal as text), 'claim'),
        coalesce(denial.group_code, ''), coalesce(denial.carc, ''), coalesce(cast(denial.cas_ordinal as text), ''),
        case when denial.twin_no > 1 then cast(denial.twin_no as text) end
    )) as denial_event_key,
    sha256(concat_ws('|', denial.org_id, denial.subject, denial.category, cast(denial_case.case_no as text)))
        as denial_key,
    payment.claim_key,
    denial.line_key,
    denial.claim_payment_key,
    denial.payer_id,
    denial.remit_date as event_date,
    denial.group_code,
    denial.carc,
    coalesce(denial.line_remarks, string_split_regex(nullif(trim(denial.claim_remarks), ''), ' +')) as remark_codes,
    denial.category as denial_category,
    denial.amount as denied_charge_amount,
    case
        when claim.total_charge_amount between 0.01 and 20000000
            then cast(
                (
                    2 * cast(round(denial.amount * 100) as bigint)
                    * cast(round(claim.expected_allowed_amount * 100) as bigint)
                    + cast(round(claim.total_charge_amount * 100) as bigint)
                ) // nullif(2 * cast(round(claim.total_charge_amount * 100) as bigint), 0)
                * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
            )
    end as denied_expected_amount,
    denial.group_code = 'PR' as liability_shift,
    row_number() over (
        partition by denial.org_id, denial.subject
        order by denial.adjudication_no, denial.svc_ordinal, denial.cas_ordinal, denial.claim_adjustment_key
    ) = 1 as is_first_for_claim,
    case
        when denial.adjudication_no = 1 then 'first_pass'
        when denial.most_paid_before > 0 then 'retrospective'
        else 're_denial'
    end as denial_origin,
    case when payment.reversed_by_key is null then 'active' else 'reversed' end as event_status,
    cast(round(denial_case.case_no) as int) as case_no,
    cast(round(denial.adjudication_no) as int) as adjudication_no,
    denial.cas_ordinal,
    denial.svc_ordinal,
    denial.is_rfi,
    denial.stage,
    denial.avoidable,
    denial.deciding_rarc,
    payment.account_key,
    payment.entity_id
from denial
inner join denial_case
    on
        denial.org_id = denial_case.org_id
        and denial.subject = denial_case.subject
        and denial.category = denial_case.category
        and denial.adjudication_no = denial_case.adjudication_no
inner join silver.claim_payment as payment
    on
        denial.org_id = payment.org_id
        and denial.claim_payment_key = payment.claim_payment_key
left join silver.claim as claim
    on
        payment.org_id = claim.org_id
        and payment.claim_key = claim.claim_key
