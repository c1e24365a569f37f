-- One row per charge line; credits are negative rows.
-- A charge is late when it posts more than 3 days after discharge, or after the account's last service where there is no
-- discharge (HFMA CL-2). A charge whose encounter has not arrived yet is kept under its entity. Relative value units have
-- no source yet: null. Patient and provider are those of the day of service; a charge without a department is in that of
-- its account, else of its provider on that day.
-- grain: org_id, charge_key
-- load: full
-- partition: org_id
-- checks: charge_amount not null, post_date not null, payer_class not null

select
    item.org_id,
    coalesce(account.entity_id, item.entity_id) as entity_id,
    account.facility_id,
    coalesce(item.department_id, account.department_id, provider.department_id) as department_id,
    coalesce(item.provider_id, account.provider_id) as provider_id,
    coalesce(account.billing_type, entity.billing_type) as billing_type,
    coalesce(account.payer_class, 'other') as payer_class,
    item.charge_key,
    item.account_key,
    item.service_date,
    item.post_date,
    item.procedure_code,
    item.charge_amount,
    item.cost_amount,
    item.units,
    item.wrvu,
    date_diff('day', item.service_date, item.post_date) as charge_lag_days,
    date_diff('day', coalesce(account.discharge_date, account.last_service_date, item.service_date), item.post_date) > 3
        as is_late_charge,
    coalesce(item.is_recovered_by_audit, false) as is_recovered_by_audit,
    patient.patient_version_key,
    provider.provider_version_key
from silver.encounter_item as item
left join gold.account as account
    on
        item.org_id = account.org_id
        and item.account_key = account.account_key
left join reference.entity as entity
    on
        item.org_id = entity.org_id
        and item.entity_id = entity.entity_id
left join silver.patient_period as patient
    on
        item.org_id = patient.org_id
        and account.patient_key = patient.patient_key
        and coalesce(item.service_date, date '9999-12-30') >= patient.from_date
        and coalesce(item.service_date, date '9999-12-30') < patient.to_date
left join silver.provider_period as provider
    on
        item.org_id = provider.org_id
        and case when item.provider_id is not null then item.source_system_id else account.source_system_id end
        = provider.source_system_id
        and coalesce(item.provider_id, account.provider_id) = provider.provider_id
        and coalesce(item.service_date, date '9999-12-30') >= provider.from_date
        and coalesce(item.service_date, date '9999-12-30') < provider.to_date
