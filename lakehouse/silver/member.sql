-- One row per version of a coverage: what a source knew about it from valid_from up to, not including, valid_to.
-- A coverage belongs to one account (encounter given) or to the patient. Rows are ordered by the source's change time;
-- a late update takes its place in the past, and rows with one change time are one version: the one that arrived last.
-- A payer outside the crosswalk is 'unmapped'.
-- grain: org_id, member_key, valid_from
-- load: full
-- partition: org_id
-- checks: member_key not null, payer_id not null, warn: valid_from not null

with dated as (
    select
        coverage.*,
        sha256(concat_ws('|', coverage.org_id, coverage.source_system_id, coverage.coverage_id)) as member_key,
        coalesce(coverage.modified_at, coverage.ingested_at) as changed_at,
        md5(concat_ws(
            '|', coalesce(coverage.patient_id, ''), coalesce(coverage.encounter_id, ''), coalesce(coverage.payer, ''),
            coalesce(coverage.plan_id, ''), coalesce(coverage.subscriber_id, ''), coalesce(coverage.group_number, ''),
            coalesce(coverage.relationship_code, ''), coalesce(cast(coverage.coverage_order as text), ''),
            coalesce(cast(coverage.coverage_start as text), ''), coalesce(cast(coverage.coverage_end as text), '')
        )) as tracked
    from bronze.emr_coverages as coverage
    where coverage.coverage_id is not null
),

arrived as (
    select
        dated.*,
        row_number() over (
            partition by dated.org_id, dated.member_key, dated.changed_at
            order by dated.ingested_at desc, dated.source_row desc, dated.record_hash desc
        ) as arrival
    from dated
),

compared as (
    select
        arrived.*,
        lag(arrived.tracked) over (
            partition by arrived.org_id, arrived.member_key order by arrived.changed_at
        ) as tracked_before
    from arrived
    where arrived.arrival = 1
),

version as (
    select
        compared.*,
        lead(compared.changed_at) over (
            partition by compared.org_id, compared.member_key order by compared.changed_at
        ) as valid_to
    from compared
    where compared.tracked_before is null or compared.tracked_before <> compared.tracked
)

select
    version.org_id,
    version.source_system_id,
    concat(version.file_id, '#', cast(version.source_row as text)) as source_record_id,
    version.load_id,
    version.record_hash,
    version.ingested_at as loaded_at,
    version.member_key,
    coalesce(
        account.patient_key,
        sha256(concat_ws('|', version.org_id, version.source_system_id, coalesce(version.patient_id, '')))
    ) as patient_key,
    coalesce(identifier.payer_id, 'unmapped') as payer_id,
    version.plan_id,
    version.subscriber_id,
    version.group_number,
    version.relationship_code,
    version.coverage_order,
    version.coverage_start,
    version.coverage_end,
    cast(null as timestamp) as last_verified_at,
    version.changed_at as valid_from,
    version.valid_to,
    version.valid_to is null as is_current,
    account.account_key,
    version.coverage_id,
    version.encounter_id
from version
left join silver.encounter_account as account
    on
        version.org_id = account.org_id
        and account.scope_type = 'source'
        and version.source_system_id = account.scope
        and version.encounter_id = account.encounter_id
left join reference.payer_identifier as identifier
    on
        version.org_id = identifier.org_id
        and upper(trim(version.payer)) = identifier.identifier_upper
