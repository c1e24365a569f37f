-- One row per 835 transaction set as delivered, with the payer, the payee's entity and the day that dates it.
-- A payment is one payer trace: TRN02 with TRN03 and BPR16. Its remittance date is BPR16, else DTM*405.
-- The payer is found by N104, REF*2U, name or TRN03; the entity by payee NPI, else tax id, as on the claims. Where a feed
-- names no payee at all and its source belongs to no entity, `is_payee_known` is false and any entity may be meant.
-- grain: org_id, file_id, transaction_no
-- load: full
-- partition: org_id
-- checks: remittance_key not null, payer_id not null, warn: payer_id <> 'unmapped'

select
    payment.org_id,
    payment.source_system_id,
    case
        when payment.byte_offset is null then concat(payment.file_id, '#', cast(payment.source_row as text))
        else concat(payment.file_id, '@', cast(payment.byte_offset as text), '+', cast(payment.byte_length as text))
    end as source_record_id,
    payment.load_id,
    payment.record_hash,
    payment.ingested_at as loaded_at,
    payment.file_id,
    payment.transaction_no,
    sha256(concat_ws(
        '|', payment.org_id, coalesce(payment.trace_number, ''), coalesce(payment.payer_originator_id, ''),
        coalesce(cast(payment.payment_date as text), '')
    )) as remittance_key,
    payment.trace_number,
    payment.payer_originator_id,
    coalesce(
        by_id.payer_id, by_additional.payer_id, by_name.payer_id, by_originator.payer_id, 'unmapped'
    ) as payer_id,
    payment.payee_npi,
    payment.payee_tax_id,
    coalesce(
        npi.entity_id, tax.entity_id, payment.payee_npi, source.entity_id, payment.source_system_id
    ) as entity_id,
    coalesce(npi.entity_id, tax.entity_id, payment.payee_npi, source.entity_id) is not null as is_payee_known,
    payment.payment_amount,
    payment.credit_debit,
    payment.payment_method,
    payment.payment_date,
    payment.production_date,
    coalesce(payment.payment_date, payment.production_date) as remit_date
from bronze.era_835_transaction as payment
left join reference.source as source
    on payment.org_id = source.org_id and payment.source_system_id = source.source_system_id
left join silver.entity_identifier as npi
    on payment.org_id = npi.org_id and payment.payee_npi = npi.identifier
left join silver.entity_identifier as tax
    on payment.org_id = tax.org_id and payment.payee_tax_id = tax.identifier
left join reference.payer_identifier as by_id
    on payment.org_id = by_id.org_id and upper(trim(payment.payer_id)) = by_id.identifier_upper
left join reference.payer_identifier as by_additional
    on payment.org_id = by_additional.org_id and upper(trim(payment.payer_additional_id)) = by_additional.identifier_upper
left join reference.payer_identifier as by_name
    on payment.org_id = by_name.org_id and upper(trim(payment.payer_name)) = by_name.identifier_upper
left join reference.payer_identifier as by_originator
    on payment.org_id = by_originator.org_id and upper(trim(payment.payer_originator_id)) = by_originator.identifier_upper
