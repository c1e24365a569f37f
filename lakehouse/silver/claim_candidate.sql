-- One row per claim payment and claim it may belong to, with how well it fits and whether it fits best.
-- Candidates carry the payment's CLP01 as a CLM01 of the payee's entity. They are narrowed by payer, then by the sequence
-- CLP02 states (1, 19 primary; 2, 20 secondary; 3, 21 tertiary), then by a control number the payer gave (277CA REF*1K),
-- then by charge, then by statement period. The claim's own SBR01 counts more than CLP02, because some Medicaid plans
-- send 3 for everything: payer comes before sequence. A step that would leave nobody is skipped.
-- A candidate of another known payer is none when the stated sequence contradicts it too, or when the payment is a
-- reversal: that money belongs to a claim the provider did not send.
-- grain: org_id, claim_payment_key, claim_key
-- load: full
-- partition: org_id
-- checks: claim_key not null

with version as (
    select
        claim.org_id,
        claim.claim_key,
        claim.claim_id,
        claim.entity_id,
        claim.payer_id,
        claim.payer_sequence,
        sent.total_charge_amount,
        sent.statement_from,
        sent.statement_to,
        claim.payer_claim_control_number
    from silver.claim_submission as claim
    inner join silver.claim_transmission as sent
        on
            claim.org_id = sent.org_id
            and claim.submission_key = sent.submission_key
),

fit as (
    select
        payment.org_id,
        payment.claim_payment_key,
        version.claim_key,
        max(
            case when payment.payer_id = version.payer_id and payment.payer_id <> 'unmapped' then 16 else 0 end
            + case when payment.stated_sequence = version.payer_sequence then 8 else 0 end
            + case when payment.payer_claim_control_number = version.payer_claim_control_number then 4 else 0 end
            + case when abs(payment.charge_amount) = version.total_charge_amount then 2 else 0 end
            + case
                when
                    payment.statement_from = version.statement_from
                    and coalesce(payment.statement_to, version.statement_to) = version.statement_to
                    then 1
                else 0
            end
        ) as fit,
        bool_or(
            payment.payer_id <> version.payer_id
            and payment.payer_id <> 'unmapped'
            and version.payer_id <> 'unmapped'
            and (payment.is_reversal or coalesce(payment.stated_sequence <> version.payer_sequence, false))
        ) as is_contradicted
    from silver.remitted_claim as payment
    inner join version
        on
            payment.org_id = version.org_id
            and payment.claim_id = version.claim_id
            and (payment.entity_id = version.entity_id or not payment.is_payee_known)
    group by payment.org_id, payment.claim_payment_key, version.claim_key
),

ranked as (
    select
        fit.*,
        rank() over (partition by fit.org_id, fit.claim_payment_key order by fit.fit desc) as place,
        count(*) over (partition by fit.org_id, fit.claim_payment_key) as candidate_count
    from fit
    where not fit.is_contradicted
)

select
    ranked.org_id,
    cast(null as text) as source_system_id,
    cast(null as text) as source_record_id,
    cast(null as text) as load_id,
    cast(null as text) as record_hash,
    cast(null as timestamp) as loaded_at,
    ranked.claim_payment_key,
    ranked.claim_key,
    ranked.fit,
    ranked.candidate_count,
    ranked.place,
    count(*) over (partition by ranked.org_id, ranked.claim_payment_key, ranked.place) as place_count
from ranked
