-- One row per adjustment posted on an account.
-- A denial write-off is one of category denial or timely filing; its net amount is what the account was expected to
-- bring: the amount at the primary claim's expected allowed over its charge, or the gross amount when the contract is
-- unknown. It belongs to the account's latest denial case opened by then. A negative denial write-off takes an earlier one
-- back, and is a recovery when the case was paid. A contractual posting whose reason code is a denial is misposted.
-- Approval has no source yet and is null.
-- grain: org_id, adjustment_key
-- load: full
-- partition: org_id
-- checks: amount not null, post_date not null

with posted as (
    select
        adjustment.*,
        coalesce(adjustment.writeoff_category in ('denial', 'timely_filing'), false) as is_denial_writeoff,
        case when abs(adjustment.amount) <= 20000000 then cast(round(abs(adjustment.amount) * 100) as bigint) end
            as gross_cents
    from silver.adjustment as adjustment
),

cause as (
    select
        posted.org_id,
        posted.adjustment_key,
        denial.denial_key,
        denial.denial_category,
        denial.is_avoidable,
        denial.opened_date,
        denial.first_action_date,
        denial.recovered_amount,
        row_number() over (
            partition by posted.org_id, posted.adjustment_key order by denial.opened_date desc, denial.denial_key
        ) as position
    from posted
    inner join gold.account_claim as claim
        on
            posted.org_id = claim.org_id
            and posted.account_key = claim.account_key
    inner join gold.fact_denial as denial
        on
            claim.org_id = denial.org_id
            and claim.claim_key = denial.claim_key
            and posted.post_date >= denial.opened_date
    where posted.is_denial_writeoff
),

reversal as (
    select distinct
        posted.org_id,
        posted.reverses_key
    from posted
    where posted.reverses_key is not null
)

select
    posted.org_id,
    coalesce(account.entity_id, posted.entity_id) as entity_id,
    account.facility_id,
    account.department_id,
    account.provider_id,
    coalesce(account.payer_id, posted.payer_id) as payer_id,
    coalesce(account.payer_class, payer.payer_class, 'other') as payer_class,
    coalesce(account.billing_type, entity.billing_type) as billing_type,
    posted.adjustment_key,
    posted.account_key,
    coalesce(posted.claim_key, primary_claim.claim_key) as claim_key,
    coalesce(posted.denial_key, cause.denial_key) as denial_key,
    posted.post_date,
    account.first_service_date as service_date,
    posted.amount,
    case
        when
            not posted.is_denial_writeoff
            or posted.gross_cents is null
            or primary_claim.expected_cents is null
            or primary_claim.charge_cents is null
            then posted.amount
        else cast(
            case when posted.amount < 0 then -1 else 1 end
            * (
                (2 * posted.gross_cents * primary_claim.expected_cents + primary_claim.charge_cents)
                // nullif(2 * primary_claim.charge_cents, 0)
            ) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
        )
    end as net_amount,
    posted.adjustment_type,
    posted.writeoff_category,
    cause.denial_category,
    coalesce(posted.is_write_off, false) as is_write_off,
    posted.is_denial_writeoff,
    coalesce(cause.is_avoidable, false) as is_avoidable,
    posted.amount < 0 as is_reversal,
    reversal.reverses_key is not null as is_reversed_later,
    posted.is_denial_writeoff and posted.amount < 0 and coalesce(cause.recovered_amount > 0, false) as is_recovery,
    coalesce(cause.first_action_date <= posted.post_date, false) as had_rework,
    posted.approval_required,
    cast(null as boolean) as is_approved,
    posted.adjustment_type = 'contractual' and coalesce(reason.is_denial, false) as is_misposted_contractual,
    date_diff('day', cause.opened_date, posted.post_date) as days_denial_to_writeoff
from posted
left join gold.account as account
    on
        posted.org_id = account.org_id
        and posted.account_key = account.account_key
left join gold.account_claim as primary_claim
    on
        posted.org_id = primary_claim.org_id
        and posted.account_key = primary_claim.account_key
        and primary_claim.is_primary
        and primary_claim.claim_no = 1
left join cause
    on
        posted.org_id = cause.org_id
        and posted.adjustment_key = cause.adjustment_key
        and cause.position = 1
left join reversal
    on
        posted.org_id = reversal.org_id
        and posted.adjustment_key = reversal.reverses_key
left join reference.entity as entity
    on
        posted.org_id = entity.org_id
        and posted.entity_id = entity.entity_id
left join silver.payer as payer
    on
        posted.org_id = payer.org_id
        and posted.payer_id = payer.payer_id
left join reference.carc as reason on posted.carc = reason.carc
