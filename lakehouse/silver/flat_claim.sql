-- One row per claim line of a flat file or an EHR claim feed, the newest version the source sent.
-- A file may give claims (line id empty), lines, or both; where a claim has lines, its claim-level row only states the
-- total, and who pays where the lines do not. A line of revenue code 0001 without a procedure is the total of the claim
-- as hospitals print it, no line. The account is that of the encounter, else one of its own named by encounter id or claim id.
-- grain: org_id, source_system_id, claim_id, line_id
-- load: full
-- partition: org_id
-- checks: claim_id not null, warn: charge_amount not null, account_key not null

with version as (
    select
        flat.*,
        row_number() over (
            partition by flat.org_id, flat.source_system_id, flat.claim_id, flat.line_id
            order by flat.modified_at desc, flat.ingested_at desc, flat.source_row desc, flat.record_hash desc
        ) as age
    from bronze.claims_flat as flat
    where flat.line_id is null or coalesce(flat.revenue_code, '') <> '0001' or flat.procedure_code is not null
),

counted as (
    select
        version.*,
        count(version.line_id) over (
            partition by version.org_id, version.source_system_id, version.claim_id
        ) as line_count,
        cast(max(case when version.line_id is null then version.charge_amount end) over (
            partition by version.org_id, version.source_system_id, version.claim_id
        ) as decimal(18, 2)) as stated_charge_amount,
        coalesce(version.payer, max(case when version.line_id is null then version.payer end) over (
            partition by version.org_id, version.source_system_id, version.claim_id
        )) as filed_payer,
        coalesce(version.claim_date, max(case when version.line_id is null then version.claim_date end) over (
            partition by version.org_id, version.source_system_id, version.claim_id
        )) as filed_date
    from version
    where version.age = 1
)

select
    flat.org_id,
    flat.source_system_id,
    concat(flat.file_id, '#', cast(flat.source_row as text)) as source_record_id,
    flat.load_id,
    flat.record_hash,
    flat.ingested_at as loaded_at,
    flat.claim_id,
    flat.line_id,
    row_number() over (
        partition by flat.org_id, flat.source_system_id, flat.claim_id order by flat.line_id
    ) as line_number,
    flat.file_id,
    coalesce(own.entity_id, entity_account.entity_id, source.entity_id, flat.source_system_id) as entity_id,
    coalesce(
        own.account_key, entity_account.account_key,
        sha256(concat_ws(
            '|', flat.org_id, coalesce(source.entity_id, flat.source_system_id),
            coalesce(flat.encounter_id, flat.claim_id)
        ))
    ) as account_key,
    coalesce(
        own.patient_key, entity_account.patient_key,
        sha256(concat_ws('|', flat.org_id, flat.source_system_id, coalesce(flat.patient_id, '')))
    ) as patient_key,
    coalesce(own.billing_type, entity_account.billing_type, 'PB') as billing_type,
    coalesce(identifier.payer_id, 'unmapped') as payer_id,
    flat.provider_id,
    flat.service_date,
    flat.filed_date as claim_date,
    flat.modified_at,
    flat.charge_amount,
    flat.stated_charge_amount,
    flat.procedure_code
from counted as flat
left join reference.source as source
    on
        flat.org_id = source.org_id
        and flat.source_system_id = source.source_system_id
left join silver.encounter_account as own
    on
        flat.org_id = own.org_id
        and own.scope_type = 'source'
        and flat.source_system_id = own.scope
        and flat.encounter_id = own.encounter_id
left join silver.encounter_account as entity_account
    on
        flat.org_id = entity_account.org_id
        and entity_account.scope_type = 'entity'
        and source.entity_id = entity_account.scope
        and flat.encounter_id = entity_account.encounter_id
left join reference.payer_identifier as identifier
    on
        flat.org_id = identifier.org_id
        and upper(trim(flat.filed_payer)) = identifier.identifier_upper
where flat.line_id is not null or flat.line_count = 0
