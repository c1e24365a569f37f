-- One row per adjustment posted to an account; an adjustment that reduces A/R is positive, its reversal negative.
-- Every transaction that is no payment or refund is here, so no money is lost; transfers between responsible parties
-- have type 'transfer' and do not change a balance. A write-off for a denial is tied to the denial case of the account
-- that was opened on or before its day and carries the same reason, when there is exactly one.
-- grain: org_id, adjustment_key
-- load: full
-- partition: org_id
-- checks: adjustment_key unique, warn: amount not null, warn: post_date not null

with denial as (
    select
        adjustment.org_id,
        adjustment.transaction_key,
        min(event.denial_key) as denial_key,
        min(event.claim_key) as claim_key
    from silver.ledger_transaction as adjustment
    inner join silver.denial_event as event
        on
            adjustment.org_id = event.org_id
            and adjustment.account_key = event.account_key
    where
        adjustment.writeoff_category in ('denial', 'timely_filing')
        and event.event_date <= adjustment.post_date
        and (adjustment.carc is null or adjustment.carc = event.carc)
    group by adjustment.org_id, adjustment.transaction_key
    having count(distinct event.denial_key) = 1
),

of_payer as (
    select
        claim.org_id,
        claim.account_key,
        claim.payer_id,
        min(claim.claim_key) as claim_key
    from silver.claim as claim
    group by claim.org_id, claim.account_key, claim.payer_id
    having count(*) = 1
),

typed as (
    select
        entry.*,
        case
            when entry.transaction_type = 'transfer' then 'transfer'
            else coalesce(entry.adjustment_type, entry.transaction_type)
        end as resolved_type
    from silver.ledger_transaction as entry
    where coalesce(entry.transaction_type not in ('payment', 'refund'), true)
)

select
    adjustment.org_id,
    adjustment.source_system_id,
    adjustment.source_record_id,
    adjustment.load_id,
    adjustment.record_hash,
    adjustment.loaded_at,
    adjustment.transaction_key as adjustment_key,
    adjustment.transaction_id as adjustment_id,
    adjustment.account_key,
    coalesce(denial.claim_key, of_payer.claim_key) as claim_key,
    denial.denial_key,
    adjustment.post_date,
    adjustment.amount,
    adjustment.adjustment_code,
    adjustment.resolved_type as adjustment_type,
    coalesce(adjustment.writeoff_category, 'none') as writeoff_category,
    adjustment.group_code,
    adjustment.carc,
    coalesce(adjustment.resolved_type = 'write-off', false) as is_write_off,
    adjustment.reverses_key,
    adjustment.user_id,
    cast(null as text) as approved_by,
    cast(null as boolean) as approval_required,
    adjustment.entity_id,
    adjustment.payer_id,
    adjustment.encounter_id
from typed as adjustment
left join denial
    on
        adjustment.org_id = denial.org_id
        and adjustment.transaction_key = denial.transaction_key
left join of_payer
    on
        adjustment.org_id = of_payer.org_id
        and adjustment.account_key = of_payer.account_key
        and adjustment.payer_id = of_payer.payer_id
