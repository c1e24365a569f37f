-- One row per version of a patient, coverage, provider or department of one source: where its content stands in bronze,
-- and from when (valid_from) up to, not including, when (valid_to) the source held it. The tables of these things take
-- their history from here.
-- Rows are ordered by the source's change time, else by arrival: an update that arrives late takes its place in the
-- past. Of rows with one change time the last arrival counts. Neighbours with the same tracked content are one version;
-- A, then B, then A again are three.
-- A version ends when the source marks the row as deleted, at the row's change time, or when a full extract no longer
-- holds the key, at its arrival. A row that arrives after its key vanished shows that the key is back: it counts from its
-- change time where that is later, else from its arrival.
-- newest_row_id is the newest content of the key; attributes without history are taken from it.
-- grain: org_id, table_name, source_system_id, record_id, valid_from
-- load: full
-- partition: org_id
-- checks: record_id not null, valid_to > valid_from, warn: valid_from not null

with delivered as (
    select
        patient.org_id,
        patient.source_system_id,
        'bronze.emr_patients' as table_name,
        patient.patient_id as record_id,
        patient.load_id,
        patient.file_id,
        patient.source_file,
        patient.source_row,
        patient.record_hash,
        patient.ingested_at,
        patient.modified_at,
        coalesce(patient.is_deleted, false) as is_deleted,
        md5(concat_ws(
            '|', coalesce(patient.first_name, ''), coalesce(patient.middle_name, ''), coalesce(patient.last_name, ''),
            coalesce(patient.street, ''), coalesce(patient.city, ''), coalesce(patient.state, ''),
            coalesce(patient.zip, ''), coalesce(patient.sex, ''), coalesce(patient.financial_class, ''),
            coalesce(cast(patient.deceased_date as text), '')
        )) as content
    from bronze.emr_patients as patient

    union all

    select
        coverage.org_id,
        coverage.source_system_id,
        'bronze.emr_coverages' as table_name,
        coverage.coverage_id as record_id,
        coverage.load_id,
        coverage.file_id,
        coverage.source_file,
        coverage.source_row,
        coverage.record_hash,
        coverage.ingested_at,
        coverage.modified_at,
        coalesce(coverage.is_deleted, false) as is_deleted,
        md5(concat_ws(
            '|', coalesce(coverage.patient_id, ''), coalesce(coverage.encounter_id, ''), coalesce(coverage.payer, ''),
            coalesce(coverage.plan_id, ''), coalesce(coverage.subscriber_id, ''), coalesce(coverage.group_number, ''),
            coalesce(coverage.relationship_code, ''), coalesce(cast(coverage.coverage_order as text), ''),
            coalesce(cast(coverage.coverage_start as text), ''), coalesce(cast(coverage.coverage_end as text), '')
        )) as content
    from bronze.emr_coverages as coverage

    union all

    select
        provider.org_id,
        provider.source_system_id,
        'bronze.emr_providers' as table_name,
        provider.provider_id as record_id,
        provider.load_id,
        provider.file_id,
        provider.source_file,
        provider.source_row,
        provider.record_hash,
        provider.ingested_at,
        provider.modified_at,
        coalesce(provider.is_deleted, false) as is_deleted,
        md5(concat_ws(
            '|', coalesce(provider.npi, ''), coalesce(provider.provider_name, ''),
            coalesce(provider.taxonomy_code, ''), coalesce(provider.specialty, ''),
            coalesce(provider.department_id, ''), coalesce(provider.entity_id, ''),
            coalesce(cast(provider.clinical_fte as text), ''), coalesce(provider.provider_type, '')
        )) as content
    from bronze.emr_providers as provider

    union all

    select
        department.org_id,
        department.source_system_id,
        'bronze.emr_departments' as table_name,
        department.department_id as record_id,
        department.load_id,
        department.file_id,
        department.source_file,
        department.source_row,
        department.record_hash,
        department.ingested_at,
        department.modified_at,
        coalesce(department.is_deleted, false) as is_deleted,
        md5(concat_ws(
            '|', coalesce(department.department_name, ''), coalesce(department.facility_id, ''),
            coalesce(department.entity_id, ''), coalesce(department.specialty, ''),
            coalesce(department.service_line, '')
        )) as content
    from bronze.emr_departments as department
),

event as (
    select
        delivered.*,
        coalesce(delivered.modified_at, delivered.ingested_at) as stated_at,
        false as is_vanished,
        md5(concat_ws(
            '|', delivered.load_id, delivered.file_id, cast(delivered.source_row as text), delivered.record_hash,
            cast(delivered.ingested_at as text), cast(delivered.modified_at as text)
        )) as row_id
    from delivered
    where delivered.record_id is not null

    union all

    select
        vanished.org_id,
        vanished.source_system_id,
        vanished.table_name,
        vanished.record_id,
        vanished.load_id,
        vanished.file_id,
        vanished.source_file,
        vanished.source_row,
        vanished.record_hash,
        vanished.ingested_at,
        cast(null as timestamp) as modified_at,
        true as is_deleted,
        cast(null as text) as content,
        vanished.ingested_at as stated_at,
        true as is_vanished,
        cast(null as text) as row_id
    from bronze.vanished_record as vanished
),

numbered as (
    select
        event.*,
        row_number() over (
            partition by event.org_id, event.table_name, event.source_system_id, event.record_id
            order by
                event.ingested_at, event.is_vanished, event.source_file, event.source_row, event.record_hash,
                event.stated_at
        ) as arrival
    from event
),

-- A key that vanishes cannot be followed by a change the source stated before, even one dated in the future.
gone as (
    select
        numbered.*,
        max(numbered.stated_at) over (
            partition by numbered.org_id, numbered.table_name, numbered.source_system_id, numbered.record_id
            order by numbered.arrival rows between unbounded preceding and current row
        ) as latest_stated_at
    from numbered
),

returned as (
    select
        gone.*,
        max(case when gone.is_vanished then gone.latest_stated_at end) over (
            partition by gone.org_id, gone.table_name, gone.source_system_id, gone.record_id
            order by gone.arrival rows between unbounded preceding and 1 preceding
        ) as gone_at
    from gone
),

placed as (
    select
        returned.*,
        case
            when returned.is_vanished then returned.latest_stated_at
            when returned.stated_at <= returned.gone_at then greatest(returned.ingested_at, returned.gone_at)
            else returned.stated_at
        end as changed_at
    from returned
),

ranked as (
    select
        placed.*,
        row_number() over (
            partition by
                placed.org_id, placed.table_name, placed.source_system_id, placed.record_id, placed.changed_at
            order by placed.arrival desc
        ) as position,
        row_number() over (
            partition by placed.org_id, placed.table_name, placed.source_system_id, placed.record_id
            order by placed.is_deleted, placed.changed_at desc, placed.arrival desc
        ) as age
    from placed
),

compared as (
    select
        ranked.*,
        case when ranked.is_deleted then '' else ranked.content end as state,
        lag(case when ranked.is_deleted then '' else ranked.content end) over (
            partition by ranked.org_id, ranked.table_name, ranked.source_system_id, ranked.record_id
            order by ranked.changed_at
        ) as state_before
    from ranked
    where ranked.position = 1
),

change as (
    select
        compared.*,
        lead(compared.changed_at) over (
            partition by compared.org_id, compared.table_name, compared.source_system_id, compared.record_id
            order by compared.changed_at
        ) as next_changed_at
    from compared
    where compared.state_before is null or compared.state_before <> compared.state
)

select
    change.org_id,
    change.source_system_id,
    concat(change.file_id, '#', cast(change.source_row as text)) as source_record_id,
    change.load_id,
    change.record_hash,
    change.ingested_at as loaded_at,
    change.table_name,
    change.record_id,
    change.changed_at as valid_from,
    change.next_changed_at as valid_to,
    change.next_changed_at is null as is_current,
    change.row_id,
    newest.row_id as newest_row_id
from change
inner join ranked as newest
    on
        change.org_id = newest.org_id
        and change.table_name = newest.table_name
        and change.source_system_id = newest.source_system_id
        and change.record_id = newest.record_id
        and newest.age = 1
where not change.is_deleted
