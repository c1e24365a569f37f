-- One row per transmission and the claim (family) it is a version of.
-- A family is the original with every corrected (7), voided (8) or re-sent version. Transmissions that share account,
-- billing type, payer, sequence and statement period are one family. A 7 or 8 follows REF*F8 first: the payer control
-- number leads to the original it was given to (277CA REF*1K), through one earlier correction if that is what it
-- replaced ('control_number'), or to the payment that carried it as CLP07 ('remitted_control_number'); so a changed
-- statement period opens no new family. Else the same period ('period'), else the only family of that account, payer and
-- sequence ('only_family'); else it stays alone ('own'), with the other orphans where no original was ever seen.
-- Interim bills (2, 3, 4) have a period, and so a family, each. The claim key is the period key of the original.
-- grain: org_id, submission_key
-- load: full
-- partition: org_id
-- checks: submission_key unique, claim_key not null

with family as (
    select
        claim.org_id,
        claim.account_key,
        claim.billing_type,
        claim.payer_id,
        claim.payer_sequence,
        claim.period_key,
        min(claim.statement_from) as statement_from,
        min(claim.total_charge_amount) as least_charge_amount,
        max(claim.total_charge_amount) as most_charge_amount,
        count(*) over (
            partition by claim.org_id, claim.account_key, claim.billing_type, claim.payer_id, claim.payer_sequence
        ) as family_count
    from silver.claim_transmission as claim
    where not claim.is_replacement
    group by
        claim.org_id, claim.account_key, claim.billing_type, claim.payer_id, claim.payer_sequence, claim.period_key
),

replacement as (
    select
        claim.*,
        first_value(claim.period_key) over (
            partition by claim.org_id, claim.account_key, claim.billing_type, claim.payer_id, claim.payer_sequence
            order by claim.submitted_at, claim.submission_key
        ) as first_period_key
    from silver.claim_transmission as claim
    where claim.is_replacement
),

numbered as (
    select
        claim.org_id,
        claim.submission_key,
        coalesce(given.original_period_key, earlier.original_period_key) as period_key
    from replacement as claim
    inner join silver.control_number as given
        on
            claim.org_id = given.org_id
            and claim.account_key = given.account_key
            and claim.original_reference = given.control_number
    left join silver.control_number as earlier
        on
            given.org_id = earlier.org_id
            and given.account_key = earlier.account_key
            and given.replaced_number = earlier.control_number
),

remitted as (
    select
        claim.org_id,
        claim.submission_key,
        min(family.period_key) as period_key
    from replacement as claim
    inner join silver.remitted_claim as payment
        on
            claim.org_id = payment.org_id
            and claim.original_reference = payment.payer_claim_control_number
            and claim.account_key = sha256(concat_ws('|', payment.org_id, payment.entity_id, payment.claim_id))
    inner join family
        on
            claim.org_id = family.org_id
            and claim.account_key = family.account_key
            and claim.billing_type = family.billing_type
            and claim.payer_id = family.payer_id
            and claim.payer_sequence = family.payer_sequence
    where
        family.family_count = 1
        or payment.statement_from = family.statement_from
        or payment.charge_amount in (family.least_charge_amount, family.most_charge_amount)
    group by claim.org_id, claim.submission_key
    having count(distinct family.period_key) = 1
),

of_account as (
    select
        family.org_id,
        family.account_key,
        family.billing_type,
        family.payer_id,
        family.payer_sequence,
        case when count(*) = 1 then min(family.period_key) end as only_period_key
    from family
    group by family.org_id, family.account_key, family.billing_type, family.payer_id, family.payer_sequence
)

select
    claim.org_id,
    claim.source_system_id,
    claim.source_record_id,
    claim.load_id,
    claim.record_hash,
    claim.loaded_at,
    claim.submission_key,
    case
        when replacement.submission_key is null then claim.period_key
        else coalesce(
            numbered.period_key, remitted.period_key, same.period_key, of_account.only_period_key,
            case when of_account.account_key is null then replacement.first_period_key end, claim.period_key
        )
    end as claim_key,
    case
        when replacement.submission_key is null then 'period'
        when numbered.period_key is not null then 'control_number'
        when remitted.period_key is not null then 'remitted_control_number'
        when same.period_key is not null then 'period'
        when of_account.only_period_key is not null then 'only_family'
        else 'own'
    end as family_method
from silver.claim_transmission as claim
left join replacement
    on claim.org_id = replacement.org_id and claim.submission_key = replacement.submission_key
left join numbered
    on claim.org_id = numbered.org_id and claim.submission_key = numbered.submission_key
left join remitted
    on claim.org_id = remitted.org_id and claim.submission_key = remitted.submission_key
left join family as same
    on claim.org_id = same.org_id and claim.period_key = same.period_key
left join of_account
    on
        claim.org_id = of_account.org_id
        and claim.account_key = of_account.account_key
        and claim.billing_type = of_account.billing_type
        and claim.payer_id = of_account.payer_id
        and claim.payer_sequence = of_account.payer_sequence
