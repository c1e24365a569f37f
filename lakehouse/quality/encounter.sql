-- One row per account that breaks a rule. An account of an unknown patient, or of two entities, is held: its charges, its
-- claims' encounter figures and its part of A/R wait with it. A DRG is judged where a list of them covers the day of
-- discharge.
-- of: silver.encounter
-- key: account_key
-- rule: ENC-01 quarantine: encounter of an unknown patient
-- rule: ENC-06 warn: DRG not valid on the discharge date
-- rule: ENC-07 warn: service after death
-- rule: ENC-08 quarantine: account assigned to two entities
-- grain: org_id, rule_id, record_key
-- load: full

with patient as (
    select
        version.org_id,
        version.patient_key,
        max(version.deceased_date) as deceased_date
    from silver.patient as version
    group by version.org_id, version.patient_key
),

listed as (
    select
        drg.org_id,
        min(coalesce(drg.effective_from, date '1900-01-01')) as listed_from
    from silver.ref_msdrg as drg
    group by drg.org_id
),

shared as (
    select
        encounter.*,
        min(encounter.entity_id) over (
            partition by encounter.org_id, encounter.source_system_id, encounter.account_id
        ) as first_entity_id,
        max(encounter.entity_id) over (
            partition by encounter.org_id, encounter.source_system_id, encounter.account_id
        ) as last_entity_id
    from silver.encounter as encounter
)

select
    encounter.org_id,
    encounter.source_system_id,
    'ENC-01' as rule_id,
    encounter.account_key as record_key,
    encounter.source_record_id
from silver.encounter as encounter
left join patient
    on
        encounter.org_id = patient.org_id
        and encounter.patient_key = patient.patient_key
where patient.patient_key is null

union all

select
    encounter.org_id,
    encounter.source_system_id,
    'ENC-06' as rule_id,
    encounter.account_key as record_key,
    encounter.source_record_id
from silver.encounter as encounter
inner join listed
    on
        encounter.org_id = listed.org_id
        and cast(encounter.discharge_at as date) >= listed.listed_from
left join silver.ref_msdrg as drg
    on
        encounter.org_id = drg.org_id
        and encounter.drg_code = drg.drg_code
        and cast(encounter.discharge_at as date) >= coalesce(drg.effective_from, date '1900-01-01')
        and cast(encounter.discharge_at as date) < coalesce(drg.effective_to, date '9999-12-31')
where encounter.drg_code is not null and drg.drg_code is null

union all

select
    encounter.org_id,
    encounter.source_system_id,
    'ENC-07' as rule_id,
    encounter.account_key as record_key,
    encounter.source_record_id
from silver.encounter as encounter
inner join patient
    on
        encounter.org_id = patient.org_id
        and encounter.patient_key = patient.patient_key
where
    date_diff(
        'day', patient.deceased_date, cast(coalesce(encounter.admit_at, encounter.arrival_at) as date)
    ) > 1

union all

select
    shared.org_id,
    shared.source_system_id,
    'ENC-08' as rule_id,
    shared.account_key as record_key,
    shared.source_record_id
from shared
where shared.first_entity_id <> shared.last_entity_id
