-- One row per claim that breaks a rule. A claim that contradicts itself is held, with its lines, until a corrected one
-- arrives. A claim that asks for no payment (frequency 0) may charge nothing; one for reopening is Q. What only an 837
-- states is judged on claims sent as 837. A bill type is judged against the account where the entity bills one way only.
-- Two patients share a claim number when both name and birth date differ: then no claim of that number can be told
-- apart.
-- of: silver.claim
-- key: claim_key
-- rule: CLM-01 quarantine: claim without patient control number, or with one too long
-- rule: CLM-02 quarantine: claim charge is zero or negative
-- rule: CLM-03 quarantine: line charges do not add up to the claim charge
-- rule: CLM-04 quarantine: claim dates out of order
-- rule: CLM-05 quarantine: frequency code unknown
-- rule: CLM-06 warn: replacement or void without payer control number
-- rule: CLM-07 warn: payer is not in the crosswalk
-- rule: CLM-08 warn: claim without encounter, left out of encounter KPIs
-- rule: CLM-09 quarantine: bill type or place of service missing
-- rule: CLM-10 warn: secondary claim without a primary one on its account
-- rule: CLM-11 quarantine: institutional claim on a professional account or reverse
-- rule: CLM-12 quarantine: one patient control number is used for two patients
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

itemized as (
    select
        line.org_id,
        line.claim_key,
        sum(line.charge_amount) as charge_amount
    from silver.claim_line as line
    group by line.org_id, line.claim_key
),

two_patients as (
    select
        claim.org_id,
        claim.account_key
    from silver.edi_claim as claim
    inner join bronze.claims_837 as sent
        on
            claim.org_id = sent.org_id
            and claim.file_id = sent.file_id
            and claim.transaction_no = sent.transaction_no
            and claim.claim_no = sent.claim_no
    group by claim.org_id, claim.account_key
    having
        count(distinct upper(coalesce(sent.patient_last_name, sent.subscriber_last_name))) > 1
        and count(distinct coalesce(sent.patient_birth_date, sent.subscriber_birth_date)) > 1
),

broken as (
    select
        claim.org_id,
        claim.source_system_id,
        claim.claim_key,
        claim.source_record_id,
        coalesce(length(claim.claim_id), 0) not between 1 and 38 as is_unnumbered,
        coalesce(
            claim.total_charge_amount <= 0
            and claim.frequency_code <> '8'
            and (
                claim.total_charge_amount < 0
                or (claim.frequency_code <> '0' and coalesce(sent.transaction_type, 'CH') <> 'RP')
            ), false
        ) as is_free,
        coalesce(abs(itemized.charge_amount - claim.total_charge_amount) > 0.01, false) as is_unequal,
        coalesce(claim.statement_from > claim.statement_to, false)
        or coalesce(claim.statement_to > claim.created_date, false) as is_disordered,
        coalesce(claim.frequency_code not in ('0', '1', '2', '3', '4', '5', '7', '8', '9', 'Q'), false)
            as is_infrequent,
        coalesce(claim.frequency_code in ('7', '8') and claim.original_reference is null, false) as is_unreferenced,
        claim.payer_id = 'unmapped' as is_unmapped,
        encounter.account_key is null as is_without_encounter,
        version.medium = 'edi' and (
            (claim.billing_type = 'HB' and not coalesce(regexp_matches(claim.type_of_bill, '^[0-9]{2,3}[0-9A-Z]$'), false))
            or (claim.billing_type = 'PB' and claim.place_of_service is null)
        ) as is_placeless,
        coalesce(claim.payer_sequence in ('S', 'T') and first_payer.account_key is null, false) as is_without_primary,
        coalesce(
            version.medium = 'edi'
            and entity.billing_type <> claim.billing_type
            and encounter.billing_type <> claim.billing_type, false
        ) as is_misbilled,
        two_patients.account_key is not null as is_of_two_patients,
        coalesce(
            claim.expected_allowed_amount < 0 or claim.expected_allowed_amount > 3 * claim.total_charge_amount, false
        ) as is_implausible
    from silver.claim as claim
    left join silver.encounter as encounter
        on
            claim.org_id = encounter.org_id
            and claim.account_key = encounter.account_key
    left join reference.entity as entity
        on
            claim.org_id = entity.org_id
            and claim.entity_id = entity.entity_id
    left join first_payer
        on
            claim.org_id = first_payer.org_id
            and claim.account_key = first_payer.account_key
    left join itemized
        on
            claim.org_id = itemized.org_id
            and claim.claim_key = itemized.claim_key
    left join two_patients
        on
            claim.org_id = two_patients.org_id
            and claim.account_key = two_patients.account_key
    left join silver.claim_transmission as version
        on
            claim.org_id = version.org_id
            and claim.latest_submission_key = version.submission_key
    left join bronze.claims_837 as sent
        on
            version.org_id = sent.org_id
            and version.file_id = sent.file_id
            and version.transaction_no = sent.transaction_no
            and version.claim_no = sent.claim_no
)

select
    broken.org_id,
    broken.source_system_id,
    'CLM-01' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_unnumbered

union all

select
    broken.org_id,
    broken.source_system_id,
    'CLM-02' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_free

union all

select
    broken.org_id,
    broken.source_system_id,
    'CLM-03' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_unequal

union all

select
    broken.org_id,
    broken.source_system_id,
    'CLM-04' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_disordered

union all

select
    broken.org_id,
    broken.source_system_id,
    'CLM-05' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_infrequent

union all

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
    'CLM-09' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_placeless

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
    'CLM-11' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_misbilled

union all

select
    broken.org_id,
    broken.source_system_id,
    'CLM-12' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_of_two_patients

union all

select
    broken.org_id,
    broken.source_system_id,
    'CLM-13' as rule_id,
    broken.claim_key as record_key,
    broken.source_record_id
from broken
where broken.is_implausible
