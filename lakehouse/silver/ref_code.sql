-- One row per version of a code of a code set: what it meant from effective_from up to, not including, effective_to.
-- A code that an edition no longer has ends on the first day of that edition, and begins anew when one brings it back.
-- A change of its words or its weight is a new version from the first day of the edition that made it.
-- Where the list itself says when a code began or ended, that narrows its versions; a first version may begin before
-- its edition. Editions may arrive in any order. A list without editions never ends a code: its versions have no other dates
-- than the list's own. An edition that is still arriving is not counted. A version that would have no day is left out:
-- new words for a code that ended before.
-- As of a day: day >= coalesce(effective_from, day) and day < coalesce(effective_to, day + 1).
-- grain: source_system_id, code_set, code, effective_from
-- load: full
-- partition: org_id
-- checks: code not null, code_set not null, effective_from < effective_to, warn: code_set in reference.code_set

with arrived as (
    select
        code.*,
        row_number() over (
            partition by code.org_id, code.source_system_id, code.code_set, code.code, code.edition_from
            order by code.ingested_at desc, code.source_row desc, code.record_hash desc
        ) as arrival
    from bronze.reference_codes as code
),

placed as (
    select
        arrived.*,
        edition.edition_no,
        edition.edition_to,
        md5(concat_ws(
            '|', coalesce(arrived.label, ''), coalesce(arrived.category, ''), coalesce(arrived.status, ''),
            coalesce(cast(arrived.weight as text), ''), coalesce(cast(arrived.geometric_mean_days as text), ''),
            coalesce(arrived.attributes, ''), coalesce(cast(arrived.effective_from as text), ''),
            coalesce(cast(arrived.effective_to as text), '')
        )) as tracked
    from arrived
    left join silver.reference_edition as edition
        on
            arrived.org_id = edition.org_id
            and arrived.source_system_id = edition.source_system_id
            and arrived.code_set = edition.code_set
            and arrived.edition_from = edition.edition_from
    where
        arrived.arrival = 1
        and (arrived.edition_from is null or edition.edition_no is not null)
),

compared as (
    select
        placed.*,
        lag(placed.edition_no) over (
            partition by placed.org_id, placed.source_system_id, placed.code_set, placed.code
            order by coalesce(placed.edition_no, 0)
        ) as edition_no_before,
        lag(placed.tracked) over (
            partition by placed.org_id, placed.source_system_id, placed.code_set, placed.code
            order by coalesce(placed.edition_no, 0)
        ) as tracked_before
    from placed
),

numbered as (
    select
        compared.*,
        sum(
            case
                when
                    compared.edition_no_before = compared.edition_no - 1
                    and compared.tracked_before = compared.tracked
                    then 0
                else 1
            end
        ) over (
            partition by compared.org_id, compared.source_system_id, compared.code_set, compared.code
            order by coalesce(compared.edition_no, 0)
            rows between unbounded preceding and current row
        ) as version_no
    from compared
),

version as (
    select
        numbered.org_id,
        numbered.source_system_id,
        numbered.code_set,
        numbered.code,
        numbered.version_no,
        min(numbered.edition_from) as first_edition_from,
        max(numbered.edition_no) as last_edition_no
    from numbered
    group by
        numbered.org_id, numbered.source_system_id, numbered.code_set, numbered.code, numbered.version_no
),

dated as (
    select
        numbered.*,
        -- The list's own first day counts before the first edition, and within a later one.
        case
            when numbered.effective_from is null and numbered.effective_to <= version.first_edition_from then null
            when numbered.effective_from is null then version.first_edition_from
            when version.first_edition_from is null or numbered.version_no = 1 then numbered.effective_from
            when numbered.effective_from > version.first_edition_from then numbered.effective_from
            else version.first_edition_from
        end as starts_on,
        case
            when numbered.effective_to is null then numbered.edition_to
            when numbered.edition_to < numbered.effective_to then numbered.edition_to
            else numbered.effective_to
        end as ends_on
    from numbered
    inner join version
        on
            numbered.org_id = version.org_id
            and numbered.source_system_id = version.source_system_id
            and numbered.code_set = version.code_set
            and numbered.code = version.code
            and numbered.version_no = version.version_no
    where numbered.edition_no is null or numbered.edition_no = version.last_edition_no
)

select
    dated.org_id,
    dated.source_system_id,
    concat(dated.file_id, '#', cast(dated.source_row as text)) as source_record_id,
    dated.load_id,
    dated.record_hash,
    dated.ingested_at as loaded_at,
    dated.code_set,
    dated.code,
    dated.label,
    dated.category,
    dated.status,
    dated.weight,
    dated.geometric_mean_days,
    dated.attributes,
    dated.starts_on as effective_from,
    dated.ends_on as effective_to
from dated
where dated.starts_on is null or dated.ends_on is null or dated.starts_on < dated.ends_on
