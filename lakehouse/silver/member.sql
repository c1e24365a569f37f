-- One row per version of a coverage: what a source knew about it from valid_from up to, not including, valid_to.
-- A coverage belongs to one account (encounter given) or to the patient. silver.record_version says how versions follow
-- each other.
-- A payer outside the crosswalk is 'unmapped'.
-- grain: org_id, member_key, valid_from
-- load: full
-- partition: org_id
-- checks: member_key not null, payer_id not null, warn: valid_from not null

with delivered as (
    select
        coverage.*,
        md5(concat_ws(
            '|', coverage.load_id, coverage.file_id, cast(coverage.source_row as text), coverage.record_hash,
            cast(coverage.ingested_at as text), cast(coverage.modified_at as text)
        )) as row_id
    from bronze.emr_coverages as coverage
)

select
    version.org_id,
    version.source_system_id,
    version.source_record_id,
    version.load_id,
    version.record_hash,
    version.loaded_at,
    sha256(concat_ws('|', version.org_id, version.source_system_id, version.record_id)) as member_key,
    coalesce(
        account.patient_key,
        sha256(concat_ws('|', version.org_id, version.source_system_id, coalesce(coverage.patient_id, '')))
    ) as patient_key,
    coalesce(identifier.payer_id, 'unmapped') as payer_id,
    coverage.plan_id,
    coverage.subscriber_id,
    coverage.group_number,
    coverage.relationship_code,
    coverage.coverage_order,
    coverage.coverage_start,
    coverage.coverage_end,
    cast(null as timestamp) as last_verified_at,
    version.valid_from,
    version.valid_to,
    version.is_current,
    account.account_key,
    version.record_id as coverage_id,
    coverage.encounter_id
from silver.record_version as version
inner join delivered as coverage
    on
        version.org_id = coverage.org_id
        and version.source_system_id = coverage.source_system_id
        and version.record_id = coverage.coverage_id
        and version.row_id = coverage.row_id
left join silver.encounter_account as account
    on
        coverage.org_id = account.org_id
        and account.scope_type = 'source'
        and coverage.source_system_id = account.scope
        and coverage.encounter_id = account.encounter_id
left join reference.payer_identifier as identifier
    on
        coverage.org_id = identifier.org_id
        and upper(trim(coverage.payer)) = identifier.identifier_upper
where version.table_name = 'bronze.emr_coverages'
