-- One row per service line of the latest version of a claim, from an 837 or a flat file.
-- The line key is the claim and the line number, so a line keeps its key when the claim is corrected; a number used twice
-- in one version is told apart by its order.
-- grain: org_id, line_key
-- load: full
-- partition: org_id
-- checks: line_key unique, claim_key not null

with claim as (
    select
        submission.*,
        row_number() over (
            partition by submission.org_id, submission.claim_key order by submission.submission_number desc
        ) as age
    from silver.claim_submission as submission
),

sent as (
    select
        line.org_id,
        line.source_system_id,
        concat(line.file_id, '@', cast(line.byte_offset as text), '+', cast(line.byte_length as text))
            as source_record_id,
        line.load_id,
        line.record_hash,
        line.ingested_at as loaded_at,
        claim.claim_key,
        claim.account_key,
        claim.entity_id,
        claim.payer_id,
        claim.billing_type,
        cast(round(coalesce(line.line_number, line.line_no)) as int) as line_number,
        line.line_no as place,
        line.line_control_number,
        line.revenue_code,
        line.procedure_code,
        string_split_regex(nullif(trim(line.modifiers), ''), ' +') as modifiers,
        line.units,
        line.charge_amount,
        coalesce(line.service_from, version.statement_from) as service_from,
        coalesce(line.service_to, line.service_from, version.statement_to) as service_to,
        string_split_regex(nullif(trim(line.diagnosis_pointers), ''), ' +') as diagnosis_pointers,
        line.ndc,
        line.place_of_service,
        line.rendering_npi
    from claim
    inner join silver.claim_transmission as version
        on
            claim.org_id = version.org_id
            and claim.submission_key = version.submission_key
    inner join bronze.claims_837_line as line
        on
            claim.org_id = line.org_id
            and claim.file_id = line.file_id
            and claim.transaction_no = line.transaction_no
            and claim.claim_no = line.claim_no
    where claim.age = 1

    union all

    select
        line.org_id,
        line.source_system_id,
        line.source_record_id,
        line.load_id,
        line.record_hash,
        line.loaded_at,
        claim.claim_key,
        claim.account_key,
        claim.entity_id,
        claim.payer_id,
        claim.billing_type,
        cast(round(line.line_number) as int) as line_number,
        line.line_number as place,
        line.line_id as line_control_number,
        cast(null as text) as revenue_code,
        line.procedure_code,
        cast(null as text[]) as modifiers,
        cast(null as decimal(12, 3)) as units,
        line.charge_amount,
        line.service_date as service_from,
        line.service_date as service_to,
        cast(null as text[]) as diagnosis_pointers,
        cast(null as text) as ndc,
        cast(null as text) as place_of_service,
        cast(null as text) as rendering_npi
    from claim
    inner join silver.flat_claim as line
        on
            claim.org_id = line.org_id
            and claim.source_system_id = line.source_system_id
            and claim.claim_id = line.claim_id
    where claim.age = 1 and claim.transaction_no is null
),

numbered as (
    select
        sent.*,
        row_number() over (
            partition by sent.org_id, sent.claim_key, sent.line_number order by sent.place
        ) as twin_no
    from sent
)

select
    line.org_id,
    line.source_system_id,
    line.source_record_id,
    line.load_id,
    line.record_hash,
    line.loaded_at,
    case
        when line.twin_no = 1 then sha256(concat_ws('|', line.claim_key, cast(line.line_number as text)))
        else sha256(concat_ws('|', line.claim_key, cast(line.line_number as text), cast(line.twin_no as text)))
    end as line_key,
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
    line.diagnosis_pointers,
    line.ndc,
    line.account_key,
    line.entity_id,
    line.payer_id,
    line.billing_type,
    line.place_of_service,
    line.rendering_npi
from numbered as line
