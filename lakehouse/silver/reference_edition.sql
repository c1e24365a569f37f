-- One row per edition of a code set that is there as a whole, and the day the next one replaces it.
-- grain: source_system_id, code_set, edition_from
-- load: full
-- partition: org_id
-- checks: code_set in reference.code_set

with listed as (
    select
        edition.org_id,
        edition.source_system_id,
        edition.code_set,
        edition.edition_from,
        max(edition.edition) as edition,
        max(edition.ingested_at) as loaded_at
    from bronze.reference_editions as edition
    group by edition.org_id, edition.source_system_id, edition.code_set, edition.edition_from
)

select
    listed.org_id,
    listed.source_system_id,
    listed.code_set,
    listed.edition_from,
    listed.edition,
    listed.loaded_at,
    lead(listed.edition_from) over (
        partition by listed.org_id, listed.source_system_id, listed.code_set order by listed.edition_from
    ) as edition_to,
    row_number() over (
        partition by listed.org_id, listed.source_system_id, listed.code_set order by listed.edition_from
    ) as edition_no
from listed
