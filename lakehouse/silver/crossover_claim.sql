-- One row per payment of a claim the provider never sent: an earlier payer forwarded it (Medicare crossover).
-- The payment states sequence 2, 3, 20 or 21, no claim of the account went to its payer, and on or before its day another
-- payer decided the same account with CLP02 19 or 20, or named a crossover carrier (NM1*TT). The claim it gets is the
-- forwarded one with this payer and sequence, under the key the provider's own secondary claim would have.
-- grain: org_id, claim_payment_key
-- load: full
-- partition: org_id
-- checks: claim_payment_key unique, claim_key not null

with forwarded as (
    select
        payment.org_id,
        payment.entity_id,
        payment.claim_id,
        payment.payer_id,
        min(payment.remit_date) as forwarded_date
    from silver.remitted_claim as payment
    where
        payment.clp_status_code in ('19', '20')
        or (payment.is_adjudication and payment.crossover_payer_name is not null)
    group by payment.org_id, payment.entity_id, payment.claim_id, payment.payer_id
),

sent as (
    select
        claim.*,
        row_number() over (
            partition by claim.org_id, claim.entity_id, claim.claim_id, claim.payer_id
            order by claim.payer_sequence, claim.submitted_at desc, claim.submission_key
        ) as place
    from silver.claim_transmission as claim
),

pairs as (
    select
        payment.org_id,
        payment.claim_payment_key,
        payment.payer_id,
        payment.stated_sequence,
        sent.submission_key,
        sent.account_key,
        sent.billing_type,
        sent.claim_type,
        sent.statement_from,
        sent.statement_to,
        row_number() over (
            partition by payment.org_id, payment.claim_payment_key
            order by sent.payer_sequence, sent.submission_key
        ) as place
    from silver.remitted_claim as payment
    inner join forwarded
        on
            payment.org_id = forwarded.org_id
            and payment.entity_id = forwarded.entity_id
            and payment.claim_id = forwarded.claim_id
    inner join sent
        on
            forwarded.org_id = sent.org_id
            and forwarded.entity_id = sent.entity_id
            and forwarded.claim_id = sent.claim_id
            and forwarded.payer_id = sent.payer_id
            and sent.place = 1
    left join silver.claim_candidate as candidate
        on
            payment.org_id = candidate.org_id
            and payment.claim_payment_key = candidate.claim_payment_key
            and candidate.place = 1
            and candidate.fit >= 8
    where
        payment.stated_sequence in ('S', 'T')
        and payment.payer_id <> forwarded.payer_id
        and payment.remit_date >= forwarded.forwarded_date
        and candidate.claim_key is null
)

select
    pairs.org_id,
    cast(null as text) as source_system_id,
    cast(null as text) as source_record_id,
    cast(null as text) as load_id,
    cast(null as text) as record_hash,
    cast(null as timestamp) as loaded_at,
    pairs.claim_payment_key,
    sha256(concat_ws(
        '|', pairs.org_id, pairs.account_key, pairs.billing_type, pairs.payer_id, pairs.stated_sequence,
        coalesce(cast(pairs.statement_from as text), ''), coalesce(cast(pairs.statement_to as text), ''), '1'
    )) as claim_key,
    pairs.submission_key as forwarded_submission_key,
    pairs.payer_id,
    pairs.stated_sequence as payer_sequence
from pairs
where pairs.place = 1
