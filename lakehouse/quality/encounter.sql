-- One row per account that breaks a rule. Its money stays in the totals: leaving it out would change A/R in silence.
-- of: silver.encounter
-- rule: ENC-01 warn: encounter of an unknown patient
-- rule: ENC-07 warn: service after death
-- rule: ENC-08 warn: account assigned to two entities
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
