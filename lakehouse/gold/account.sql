-- One row per account: the encounter whose charges, claims and cash belong together, with its dimensions and milestones.
-- The account's payer is the primary coverage of the encounter; without coverage it is self-pay. Hospital inpatient and
-- observation stays are admitted: they are in house until their discharge. The provider is the attending one of hospital
-- accounts and the rendering one of professional accounts, else the other. An authorization is needed when the encounter
-- says so or when one was asked for and not found unnecessary; it is on file when it was approved by the first service.
-- Patient and provider are those of the day of the encounter (admission or arrival, else the first service, else the
-- schedule): the versions valid then. An encounter that names no department was in that of its provider on that day.
-- grain: org_id, account_key
-- load: full
-- partition: org_id
-- checks: billing_type not null, payer_class not null, entity_id not null

with service as (
    select
        item.org_id,
        item.account_key,
        min(item.service_date) as first_service_date,
        max(item.service_date) as last_service_date
    from silver.encounter_item as item
    where item.account_key is not null
    group by item.org_id, item.account_key
),

coverage as (
    select
        member.org_id,
        member.account_key,
        member.coverage_order,
        member.payer_id,
        row_number() over (
            partition by member.org_id, member.account_key, member.coverage_order
            order by member.coverage_start desc, member.member_key
        ) as position
    from silver.member as member
    where member.is_current and member.account_key is not null
),

request as (
    select
        permission.org_id,
        permission.account_key,
        bool_or(permission.status <> 'not_required') as is_needed,
        min(case when permission.status = 'approved' then cast(permission.decided_at as date) end)
            as approved_date
    from silver."authorization" as permission
    where permission.account_key is not null
    group by permission.org_id, permission.account_key
),

visit as (
    select
        encounter.*,
        service.first_service_date,
        service.last_service_date,
        coalesce(
            cast(coalesce(encounter.admit_at, encounter.arrival_at) as date), service.first_service_date,
            cast(encounter.scheduled_at as date)
        ) as visit_date,
        case
            when encounter.billing_type = 'HB'
                then coalesce(encounter.attending_provider_id, encounter.rendering_provider_id)
            else coalesce(encounter.rendering_provider_id, encounter.attending_provider_id)
        end as provider_id
    from silver.encounter as encounter
    left join service
        on
            encounter.org_id = service.org_id
            and encounter.account_key = service.account_key
)

select
    encounter.org_id,
    encounter.account_key,
    encounter.entity_id,
    encounter.facility_id,
    coalesce(encounter.department_id, provider.department_id) as department_id,
    encounter.provider_id,
    encounter.patient_key,
    encounter.billing_type,
    encounter.encounter_class,
    coalesce(primary_coverage.payer_id, 'self_pay') as payer_id,
    coalesce(
        payer.payer_class,
        case when primary_coverage.account_key is null then 'self_pay' else 'other' end
    ) as payer_class,
    secondary_coverage.account_key is not null as has_secondary_coverage,
    encounter.billing_type = 'HB' and coalesce(encounter.encounter_class in ('inpatient', 'observation'), false)
        as is_admitted,
    cast(encounter.discharge_at as date) as discharge_date,
    encounter.final_bill_date,
    encounter.first_service_date,
    encounter.last_service_date,
    encounter.drg_code,
    encounter.drg_weight,
    coalesce(encounter.is_auth_required, false) or coalesce(request.is_needed, false) as is_authorization_needed,
    coalesce(request.approved_date <= encounter.first_service_date, false) as is_authorization_on_file,
    encounter.source_system_id,
    encounter.visit_date,
    patient.patient_version_key,
    provider.provider_version_key
from visit as encounter
left join coverage as primary_coverage
    on
        encounter.org_id = primary_coverage.org_id
        and encounter.account_key = primary_coverage.account_key
        and primary_coverage.coverage_order = 1
        and primary_coverage.position = 1
left join coverage as secondary_coverage
    on
        encounter.org_id = secondary_coverage.org_id
        and encounter.account_key = secondary_coverage.account_key
        and secondary_coverage.coverage_order = 2
        and secondary_coverage.position = 1
left join silver.payer as payer
    on
        encounter.org_id = payer.org_id
        and primary_coverage.payer_id = payer.payer_id
left join request
    on
        encounter.org_id = request.org_id
        and encounter.account_key = request.account_key
left join silver.patient_period as patient
    on
        encounter.org_id = patient.org_id
        and encounter.patient_key = patient.patient_key
        and coalesce(encounter.visit_date, date '9999-12-30') >= patient.from_date
        and coalesce(encounter.visit_date, date '9999-12-30') < patient.to_date
left join silver.provider_period as provider
    on
        encounter.org_id = provider.org_id
        and encounter.source_system_id = provider.source_system_id
        and encounter.provider_id = provider.provider_id
        and coalesce(encounter.visit_date, date '9999-12-30') >= provider.from_date
        and coalesce(encounter.visit_date, date '9999-12-30') < provider.to_date
