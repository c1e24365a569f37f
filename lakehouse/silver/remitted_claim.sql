-- One row per claim payment (CLP loop), once however often its 835 was delivered.
-- The same trace, claim number, payer control number, status and place in the 835 is the same payment: the newest
-- file replaces older ones, while repetitions inside one file (records of a JSON feed) are payments of their own.
-- CLP02 1, 2, 3, 4, 19, 20 and 21 are adjudications; 22 is a reversal; 23, 25 and the values left over from 4010
-- decide nothing. The claim a payment belongs to is found in silver.claim_payment_match. Claims of an 835 that is held wait
-- with it.
-- grain: org_id, claim_payment_key
-- load: full
-- partition: org_id
-- checks: claim_payment_key unique, remittance_key not null

with paid as (
    select
        claim.*,
        payment.remittance_key,
        payment.trace_number,
        payment.payer_originator_id,
        payment.remit_date,
        coalesce(payment.payer_id, 'unmapped') as payer_id,
        coalesce(payment.entity_id, claim.source_system_id) as entity_id,
        coalesce(payment.is_payee_known, false) as is_payee_known,
        sha256(concat_ws(
            '|', claim.org_id, coalesce(payment.remittance_key, ''), coalesce(claim.claim_id, ''),
            coalesce(claim.payer_claim_control_number, ''), coalesce(claim.status_code, ''),
            coalesce(cast(claim.clp_ordinal as text), '')
        )) as payment_key
    from bronze.era_835 as claim
    left join silver.remittance_transaction as payment
        on
            claim.org_id = payment.org_id
            and claim.file_id = payment.file_id
            and claim.transaction_no = payment.transaction_no
    left join quality.remittance_transaction as held
        on
            claim.org_id = held.org_id
            and held.rule_id = 'ERA-02'
            and sha256(concat_ws('|', claim.org_id, claim.file_id, cast(claim.transaction_no as text)))
            = held.record_key
    where held.record_key is null
),

delivered as (
    select
        paid.*,
        first_value(paid.file_id) over (
            partition by paid.org_id, paid.payment_key
            order by paid.ingested_at desc, paid.file_id desc
        ) as newest_file_id,
        row_number() over (
            partition by paid.org_id, paid.payment_key, paid.file_id order by paid.transaction_no, paid.source_row
        ) as twin_no
    from paid
)

select
    claim.org_id,
    claim.source_system_id,
    case
        when claim.byte_offset is null then concat(claim.file_id, '#', cast(claim.source_row as text))
        else concat(claim.file_id, '@', cast(claim.byte_offset as text), '+', cast(claim.byte_length as text))
    end as source_record_id,
    claim.load_id,
    claim.record_hash,
    claim.ingested_at as loaded_at,
    case
        when claim.twin_no = 1 then claim.payment_key
        else sha256(concat_ws('|', claim.payment_key, cast(claim.twin_no as text)))
    end as claim_payment_key,
    claim.remittance_key,
    claim.file_id,
    claim.transaction_no,
    claim.claim_no,
    claim.clp_ordinal,
    claim.trace_number,
    claim.payer_originator_id,
    claim.remit_date,
    claim.payer_id,
    claim.entity_id,
    claim.is_payee_known,
    claim.claim_id,
    claim.status_code as clp_status_code,
    coalesce(claim.status_code in ('1', '2', '3', '4', '19', '20', '21'), false) as is_adjudication,
    coalesce(claim.status_code = '22', false) as is_reversal,
    case
        when claim.status_code in ('1', '19') then 'P'
        when claim.status_code in ('2', '20') then 'S'
        when claim.status_code in ('3', '21') then 'T'
    end as stated_sequence,
    claim.charge_amount,
    claim.paid_amount,
    claim.patient_resp_amount,
    claim.filing_indicator,
    claim.payer_claim_control_number,
    claim.facility_type_code,
    claim.frequency_code,
    claim.drg_code,
    claim.drg_weight,
    claim.discharge_fraction,
    coalesce(claim.subscriber_id, claim.patient_member_id) as subscriber_id,
    claim.corrected_member_id,
    claim.crossover_payer_name,
    claim.coverage_amount,
    claim.interest_amount,
    claim.claim_received_date,
    claim.statement_from,
    claim.statement_to,
    claim.coverage_expiry_date,
    claim.remark_codes
from delivered as claim
where claim.file_id = claim.newest_file_id
