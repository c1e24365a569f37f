-- One row per rate term of a payer contract, the newest delivery of it, with payer and keys resolved.
-- A contract is one contract id of one entity (null = every entity), payer, plan and billing type from one day on.
-- grain: org_id, contract_rate_key
-- load: full
-- partition: org_id
-- checks: contract_rate_key unique

with keyed as (
    select
        term.*,
        coalesce(identifier.payer_id, 'unmapped') as payer_id,
        sha256(concat_ws(
            '|', term.org_id, coalesce(term.contract_id, ''), coalesce(term.entity_id, ''),
            coalesce(identifier.payer_id, term.payer, ''), coalesce(term.plan_id, ''),
            coalesce(term.billing_type, ''), coalesce(cast(term.effective_from as text), '')
        )) as contract_key
    from bronze.contract_terms as term
    left join reference.payer_identifier as identifier
        on
            term.org_id = identifier.org_id
            and upper(trim(term.payer)) = identifier.identifier_upper
),

version as (
    select
        keyed.*,
        row_number() over (
            partition by
                keyed.org_id, keyed.contract_key, keyed.rate_method, keyed.code_type, keyed.code,
                keyed.modifier, keyed.place_of_service
            order by keyed.ingested_at desc, keyed.source_row desc, keyed.record_hash desc
        ) as age
    from keyed
)

select
    term.org_id,
    term.source_system_id,
    concat(term.file_id, '#', cast(term.source_row as text)) as source_record_id,
    term.load_id,
    term.record_hash,
    term.ingested_at as loaded_at,
    sha256(concat_ws(
        '|', term.contract_key, coalesce(term.rate_method, ''), coalesce(term.code_type, ''), coalesce(term.code, ''),
        coalesce(term.modifier, ''), coalesce(term.place_of_service, '')
    )) as contract_rate_key,
    term.contract_key,
    term.contract_id,
    term.entity_id,
    term.payer_id,
    term.plan_id,
    term.billing_type,
    term.effective_from,
    term.effective_to,
    term.claim_filing_days,
    term.filing_basis,
    term.corrected_claim_days,
    term.appeal_days_level1,
    term.prompt_pay_days,
    term.appeal_days_level2,
    term.prompt_pay_interest_rate,
    term.underpayment_tolerance,
    term.rate_method,
    term.code_type,
    term.code,
    term.modifier,
    term.place_of_service,
    term.stop_loss_threshold,
    term.rate_amount,
    term.rate_percent
from version as term
where term.age = 1
