-- One row per quality measure of a facility or provider in a period, the newest delivery of it.
-- grain: org_id, measure_result_key
-- load: full
-- partition: org_id
-- checks: measure_result_key unique, period_end not null

with version as (
    select
        result.*,
        row_number() over (
            partition by
                result.org_id,
                result.source_system_id,
                result.measure_id,
                result.program,
                result.facility_id,
                result.provider_id,
                result.period_start,
                result.period_end
            order by result.ingested_at desc, result.source_row desc, result.record_hash desc
        ) as age
    from bronze.cms_measures as result
)

select
    result.org_id,
    result.source_system_id,
    concat(result.file_id, '#', cast(result.source_row as text)) as source_record_id,
    result.load_id,
    result.record_hash,
    result.ingested_at as loaded_at,
    sha256(concat_ws(
        '|', result.org_id, result.source_system_id, result.measure_id, coalesce(result.program, ''),
        coalesce(result.facility_id, ''), coalesce(result.provider_id, ''), cast(result.period_start as text),
        cast(result.period_end as text)
    )) as measure_result_key,
    result.measure_id,
    result.program,
    result.facility_id,
    result.provider_id,
    result.period_start,
    result.period_end,
    result.initial_population,
    result.denominator_count,
    result.exclusion_count,
    result.exception_count,
    result.numerator_count,
    result.benchmark_rate,
    result.is_inverse
from version as result
where result.age = 1
