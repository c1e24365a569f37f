-- One row per adjustment (CAS triple) of a claim payment, and what it means.
-- The category is that of the reason code (CARC); where the CARC only says that something is wrong (16, 96, 129, 148,
-- 226, 252, A1) the first remark code with a category decides: remarks of the line in the order sent, else of the claim.
-- A code outside the list is 'unmapped', and a denial unless the group is PR or CR.
-- It is a denial when the amount is positive, the payment an adjudication and the category a denial category; the same
-- reason in a reversal only takes a denial back. A claim's and its lines' adjustments are disjoint and add up.
-- grain: org_id, claim_adjustment_key
-- load: full
-- partition: org_id
-- checks: claim_adjustment_key unique, claim_payment_key in silver.remitted_claim, warn: amount not null
-- checks: warn: carc in reference.carc

with adjustment as (
    select
        adjustment.*,
        payment.claim_payment_key,
        payment.is_adjudication,
        payment.remark_codes as claim_remarks,
        service.remark_codes as line_remarks,
        service.svc_ordinal,
        sha256(concat_ws(
            '|', payment.claim_payment_key, coalesce(cast(service.svc_ordinal as text), 'claim'),
            coalesce(cast(adjustment.cas_ordinal as text), concat('row ', cast(adjustment.source_row as text))),
            coalesce(adjustment.group_code, ''), coalesce(adjustment.carc, '')
        )) as claim_adjustment_key
    from bronze.era_835_adjustment as adjustment
    inner join silver.remitted_claim as payment
        on
            adjustment.org_id = payment.org_id
            and adjustment.file_id = payment.file_id
            and adjustment.transaction_no = payment.transaction_no
            and coalesce(adjustment.claim_no, 1) = coalesce(payment.claim_no, 1)
    left join bronze.era_835_service as service
        on
            adjustment.org_id = service.org_id
            and adjustment.file_id = service.file_id
            and adjustment.transaction_no = service.transaction_no
            and coalesce(adjustment.claim_no, 1) = coalesce(service.claim_no, 1)
            and adjustment.service_no = service.service_no
),

remark as (
    select
        adjustment.org_id,
        adjustment.claim_adjustment_key,
        1 as nearness,
        adjustment.line_remarks as remarks,
        unnest(string_split_regex(adjustment.line_remarks, ' +')) as rarc
    from adjustment
    where adjustment.carc in ('16', '96', '129', '148', '226', '252', 'A1')

    union all

    select
        adjustment.org_id,
        adjustment.claim_adjustment_key,
        2 as nearness,
        adjustment.claim_remarks as remarks,
        unnest(string_split_regex(adjustment.claim_remarks, ' +')) as rarc
    from adjustment
    where adjustment.carc in ('16', '96', '129', '148', '226', '252', 'A1')
),

deciding as (
    select
        remark.org_id,
        remark.claim_adjustment_key,
        override.rarc,
        override.denial_category,
        max(case when override.is_rfi then 1 else 0 end) over (
            partition by remark.org_id, remark.claim_adjustment_key, remark.nearness
        ) as records_remarks,
        row_number() over (
            partition by remark.org_id, remark.claim_adjustment_key
            order by remark.nearness, strpos(concat(' ', remark.remarks, ' '), concat(' ', remark.rarc, ' '))
        ) as place
    from remark
    inner join reference.rarc_override as override on remark.rarc = override.rarc
),

meaning as (
    select
        adjustment.*,
        coalesce(deciding.denial_category, reason.category, 'unmapped') as category,
        deciding.rarc as deciding_rarc,
        coalesce(deciding.records_remarks, 0) = 1 as is_records_remark,
        reason.stage,
        reason.avoidable,
        reason.is_payment_side,
        adjustment.amount > 0 and adjustment.is_adjudication and case
            when reason.carc is null then adjustment.group_code in ('CO', 'PI', 'OA')
            else deciding.denial_category is not null or reason.is_denial
        end as is_denial
    from adjustment
    left join deciding
        on
            adjustment.org_id = deciding.org_id
            and adjustment.claim_adjustment_key = deciding.claim_adjustment_key
            and deciding.place = 1
    left join reference.carc as reason on adjustment.carc = reason.carc
)

select
    adjustment.org_id,
    adjustment.source_system_id,
    case
        when adjustment.byte_offset is null
            then concat(adjustment.file_id, '#', cast(adjustment.source_row as text))
        else concat(
            adjustment.file_id, '@', cast(adjustment.byte_offset as text), '+', cast(adjustment.byte_length as text)
        )
    end as source_record_id,
    adjustment.load_id,
    adjustment.record_hash,
    adjustment.ingested_at as loaded_at,
    adjustment.claim_adjustment_key,
    adjustment.claim_payment_key,
    case
        when adjustment.svc_ordinal is not null
            then sha256(concat_ws('|', adjustment.claim_payment_key, cast(adjustment.svc_ordinal as text)))
    end as service_payment_key,
    adjustment.cas_ordinal,
    adjustment.level,
    adjustment.group_code,
    adjustment.carc,
    adjustment.amount,
    adjustment.quantity,
    case when coalesce(adjustment.is_denial, false) then adjustment.category end as denial_category,
    coalesce(adjustment.is_denial, false) as is_denial,
    adjustment.category,
    adjustment.deciding_rarc,
    coalesce(adjustment.is_denial, false) and (
        adjustment.category = 'documentation'
        or (adjustment.carc in ('16', '226', '227', '252') and adjustment.is_records_remark)
    ) as is_rfi,
    adjustment.is_payment_side,
    adjustment.stage,
    adjustment.avoidable
from meaning as adjustment
