-- One row per claim that breaks a rule. It stays in every total.
-- of: silver.claim
-- rule: CLM-06 warn: replacement or void without payer control number
-- rule: CLM-07 warn: payer is not in the crosswalk
-- rule: CLM-08 warn: claim without encounter, left out of encounter KPIs
-- rule: CLM-10 warn: secondary claim without a primary one on its account
-- rule: CLM-13 warn: expected amount implausible, check the contract
-- grain: org_id, rule_id, record_key
-- load: full

with first_payer as (
    select distinct
        claim.org_id,
        claim.account_key
    from silver.claim as claim
    where claim.payer_sequence = 'P' and claim.account_key is not null
),

broken as (
    select
        claim.org_id,
        claim.source_system_id,
        claim.claim_key,
        claim.source_record_id,
        coalesce(claim.frequency_code in ('7', '8') and claim.original_reference is null, false) as is_unreferenced,
        claim.payer_id = 'unmapped' as is_unmapped,
        encounter.account_key is null as is_without_encounter,
        coalesce(claim.payer_sequence in ('S', 'T') and first_payer.account_key is null, false) as is_without_primary,
        coalesce(
            claim.expected_allowed_amount < 0 or claim.expected_allowed_amount > 3 * claim.total_charge_amount, false
        ) as is_implausible
    from silver.claim as claim
    left join silver.encounter as encounter
        on
            claim.org_id = encounter.org_id
            and claim.account_key = encounter.account_key
    left join first_payer
        on
            claim.org_id = first_payer.org_id
            and claim.account_key = first_payer.account_key
)

select
    broken.org_id,
    broken.source_system_id,
    'CLM-06' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_unreferenced

union all

select
    broken.org_id,
    broken.source_system_id,
    'CLM-07' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_unmapped

union all

select
    broken.org_id,
    broken.source_system_id,
    'CLM-08' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_without_encounter

union all

select
    broken.org_id,
    broken.source_system_id,
    'CLM-10' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_without_primary

union all

select
    broken.org_id,
    broken.source_system_id,
    'CLM-13' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_implausible
