-- One row per denial adjustment (CAS) of an adjudication, with the case it belongs to.
-- Events of an adjudication that was taken back stay in history with status 'reversed'. The expected value is the denied
-- charge at the claim's expected allowed over its charge, null when the contract is unknown.
-- grain: org_id, denial_event_key
-- load: full
-- partition: org_id
-- checks: denial_key not null, denied_charge_amount not null

with event as (
    select
        event.*,
        case
            when event.denied_charge_amount <= 20000000 then cast(round(event.denied_charge_amount * 100) as bigint)
        end as denied_cents
    from silver.denial_event as event
)

select
    event.org_id,
    claim.entity_id,
    claim.facility_id,
    claim.department_id,
    claim.provider_id,
    claim.payer_id,
    claim.payer_class,
    claim.billing_type,
    event.denial_event_key,
    event.denial_key,
    event.claim_key,
    event.event_date,
    event.group_code,
    event.carc,
    event.denial_category,
    event.denied_charge_amount,
    cast(
        (2 * event.denied_cents * claim.expected_cents + claim.charge_cents)
        // nullif(2 * claim.charge_cents, 0) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
    ) as denied_expected_amount,
    event.liability_shift,
    event.denial_origin,
    event.is_first_for_claim,
    event.event_status
from event
inner join gold.claim as claim
    on
        event.org_id = claim.org_id
        and event.claim_key = claim.claim_key
