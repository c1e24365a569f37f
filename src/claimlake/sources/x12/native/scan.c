/* The scan of X12 transactions: one pass over the bytes that notes where the rows and their values stand.

   Every buffer grows before it is written; nothing is read outside [0, size). */

#include "x12.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Changes whenever a signature or a structure does; a library of another version is not used. */
X12_API int32_t x12_version(void) { return 6; }

static int grow_level(level *here, scanner *scan) {
    int64_t capacity = here->capacity ? here->capacity * 2 : 256;
    size_t rows = (size_t)capacity;
    uint64_t *cells = realloc(here->cells, rows * (size_t)(here->slots ? here->slots : 1) * sizeof(uint64_t));
    if (cells) here->cells = cells;
    int32_t *parents = realloc(here->parents, rows * (size_t)here->loops * sizeof(int32_t));
    if (parents) here->parents = parents;
    int64_t *places = realloc(here->places, rows * PLACE * sizeof(int64_t));
    if (places) here->places = places;
    if (!cells || !parents || !places) { scan->is_failed = 1; return 0; }
    here->capacity = capacity;
    return 1;
}

static int64_t add_row(scanner *scan, int32_t number, int64_t segment_no, int64_t end, int32_t state) {
    level *here = &scan->levels[number];
    if (here->count == here->capacity && !grow_level(here, scan)) return -1;
    int64_t row = here->count++;
    memset(here->cells + row * here->slots, 0, (size_t)here->slots * sizeof(uint64_t));
    if (number < here->loops) scan->current[number] = row;
    for (int32_t loop = 0; loop < here->loops; loop++)
        here->parents[row * here->loops + loop] = (int32_t)scan->current[loop];
    int64_t *place = here->places + row * PLACE;
    place[0] = segment_no; place[1] = scan->start; place[2] = end; place[3] = state;
    return row;
}

static void add_to_list(scanner *scan, list *here, int64_t row, uint64_t cell) {
    if (here->count == here->capacity) {
        int64_t capacity = here->capacity ? here->capacity * 2 : 256;
        int64_t *rows = realloc(here->rows, (size_t)capacity * sizeof(int64_t));
        if (rows) here->rows = rows;
        uint64_t *cells = realloc(here->cells, (size_t)capacity * sizeof(uint64_t));
        if (cells) here->cells = cells;
        if (!rows || !cells) { scan->is_failed = 1; return; }
        here->capacity = capacity;
    }
    here->rows[here->count] = row;
    here->cells[here->count++] = cell;
}

static int add_trace(scanner *scan, int64_t entry) {
    if (scan->trace_count == scan->trace_capacity) {
        int64_t capacity = scan->trace_capacity ? scan->trace_capacity * 2 : 1024;
        int64_t *trace = realloc(scan->trace, (size_t)capacity * sizeof(int64_t));
        if (!trace) { scan->is_failed = 1; return 0; }
        scan->trace = trace;
        scan->trace_capacity = capacity;
    }
    scan->trace[scan->trace_count++] = entry;
    return 1;
}

static uint64_t cell_of(int64_t start, int64_t end) {
    int64_t length = end - start;
    return (uint64_t)start << 24 | (uint64_t)(length > LONGEST ? LONGEST : length);
}

/* The bounds of elements first to last of the segment at hand; 0 when there is no such element. */
static inline int element(const scanner *scan, int64_t first, int64_t last, int64_t *start, int64_t *end) {
    if (first < 1 || first > scan->marks_count) return 0;
    if (last > scan->marks_count) last = scan->marks_count;
    *start = scan->marks[first - 1] + 1;
    *end = last < scan->marks_count ? scan->marks[last] : scan->stop;
    return *start < *end;
}

static int components(const scanner *scan, int32_t first, int32_t last, int64_t *start, int64_t *end) {
    int64_t here = *start, from = first == 1 ? *start : -1;
    int32_t number = 1;
    for (; here < *end; here++) {
        if (scan->data[here] != scan->component_mark) continue;
        if (number == last) break;
        if (++number == first) from = here + 1;
    }
    if (from < 0) return 0;
    *start = from;
    *end = here;
    return from < here;
}

static inline uint64_t value(const scanner *scan, const operation *op, int64_t shift) {
    int64_t start, end;
    if (op->test_length) {
        if (!element(scan, op->test_element, op->test_element, &start, &end)) return 0;
        if (end - start != op->test_length || memcmp(scan->data + start, op->test, (size_t)op->test_length)) return 0;
    }
    if (!element(scan, op->element + shift, op->last_element + shift, &start, &end)) return 0;
    if (op->component && !components(scan, op->component, op->last_component, &start, &end)) return 0;
    return cell_of(start, end);
}

static void add_groups(scanner *scan, const operation *op, int64_t segment_no, int64_t end, int32_t state) {
    int64_t groups = 1;
    if (op->step) {
        groups = (scan->marks_count - op->element + op->step) / op->step;
        if (groups > op->most) groups = op->most;
    }
    for (int64_t group = 0; group < groups; group++) {
        int64_t row = add_row(scan, op->target, segment_no, end, state);
        if (row < 0) return;
        level *here = &scan->levels[op->target];
        uint64_t *cells = here->cells + row * here->slots;
        int has_value = !op->needs;
        for (int32_t number = 0; number < op->own_count; number++) {
            const operation *own = &scan->rule.owns[op->first_own + number];
            cells[own->slot] = value(scan, own, group * own->step);
            has_value |= own->needs && cells[own->slot];
        }
        if (!has_value) here->count--;
    }
}

static inline int32_t kind_of(const rules *rule, int64_t key, int32_t *qualifier) {
    uint64_t place = ((uint64_t)key * 0x9E3779B97F4A7C15ull) >> 32;
    for (int32_t tries = 0; tries < rule->hash_size; tries++, place++) {
        int32_t at = (int32_t)(place & (uint64_t)(rule->hash_size - 1));
        if (rule->hash_keys[at] == key) {
            *qualifier = rule->hash_qualifiers[at];
            return rule->hash_kinds[at];
        }
        if (rule->hash_keys[at] < 0) return 0;
    }
    return 0;
}

/* Up to three bytes as a number; -1 when there are more. */
static inline int64_t packed(const scanner *scan, int64_t start, int64_t end) {
    static const uint32_t masks[] = {0, 0xFF0000, 0xFFFF00, 0xFFFFFF};
    const uint8_t *at = scan->data + start;
    int64_t length = end - start, key = 0;
    if (length > 3 || length < 0 || (length && memchr(at, 0, (size_t)length))) return -1;
    if (start + 3 <= scan->size) return ((uint32_t)at[0] << 16 | (uint32_t)at[1] << 8 | at[2]) & masks[length];
    for (int offset = 0; offset < 3; offset++) key = key << 8 | (offset < length ? at[offset] : 0);
    return key;
}

static int32_t classify(const scanner *scan) {
    int64_t end = scan->marks_count ? scan->marks[0] : scan->stop, start;
    int64_t key = packed(scan, scan->start, end);
    int32_t qualifier = 0;
    if (key < 0) return 0;
    int32_t kind = kind_of(&scan->rule, key << 24, &qualifier);
    if (qualifier && element(scan, qualifier, qualifier, &start, &end)) {
        int64_t word = packed(scan, start, end);
        int32_t ignored;
        int32_t exact = word > 0 ? kind_of(&scan->rule, key << 24 | word, &ignored) : 0;
        if (exact) return exact;
    }
    return kind;
}

static void close_rows(scanner *scan, uint64_t keep, int64_t end) {
    for (int32_t number = 0; number < scan->rule.loops; number++) {
        int64_t row = scan->current[number];
        if (row < 0 || keep >> number & 1) continue;
        scan->levels[number].places[row * PLACE + 2] = end;
        scan->current[number] = -1;
    }
}

static void apply(scanner *scan, int32_t state, int32_t kind, int64_t segment_no, int64_t end) {
    const rules *rule = &scan->rule;
    int64_t combination = (int64_t)state * rule->kinds + kind;
    if (rule->watched[combination]) add_to_list(scan, &scan->lost, segment_no, cell_of(scan->start, end));
    for (int32_t at = rule->first_operation[combination]; at < rule->first_operation[combination + 1]; at++) {
        const operation *op = &rule->operations[at];
        if (op->kind == ROWS) { add_groups(scan, op, segment_no, end, state); continue; }
        int64_t row = scan->current[op->kind == FIRST ? op->target : op->step];
        if (row < 0) continue;
        if (op->kind == FIRST) {
            uint64_t *cell = scan->levels[op->target].cells + row * scan->levels[op->target].slots + op->slot;
            if (!*cell) *cell = value(scan, op, 0);
        } else {
            uint64_t cell = value(scan, op, 0);
            if (cell) add_to_list(scan, &scan->lists[op->target], row, cell);
        }
    }
}

static int room_for_marks(scanner *scan) {
    if (scan->marks_capacity - scan->marks_count >= 16) return 1;
    int64_t capacity = scan->marks_capacity ? scan->marks_capacity * 2 : 64;
    int64_t *marks = realloc(scan->marks, (size_t)capacity * sizeof(int64_t));
    if (!marks) { scan->is_failed = 1; return 0; }
    scan->marks = marks;
    scan->marks_capacity = capacity;
    return 1;
}

#if defined(__SSE2__)
/* Marks the elements of whole blocks of 16 bytes; the place of the terminator, or where the blocks end. */
static int64_t mark_blocks(scanner *scan, int64_t position, int64_t end, int *is_found) {
    const __m128i elements = _mm_set1_epi8((char)scan->element_mark);
    const __m128i terminators = _mm_set1_epi8((char)scan->terminator);
    for (; end - position >= 16; position += 16) {
        if (!room_for_marks(scan)) break;
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(scan->data + position));
        uint32_t stops = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block, terminators));
        uint32_t marks = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block, elements));
        if (stops) marks &= (stops & (0u - stops)) - 1;
        for (; marks; marks &= marks - 1) scan->marks[scan->marks_count++] = position + __builtin_ctz(marks);
        if (stops) { *is_found = 1; return position + __builtin_ctz(stops); }
    }
    return position;
}
#endif

/* Marks the elements up to the next terminator; its place, or the end. */
static int64_t mark_elements(scanner *scan, int64_t position, int64_t end) {
#if defined(__SSE2__)
    int is_found = 0;
    position = mark_blocks(scan, position, end, &is_found);
    if (is_found) return position;
#endif
    for (; position < end && !scan->is_failed; position++) {
        if (scan->data[position] == scan->terminator) return position;
        if (scan->data[position] == scan->element_mark && room_for_marks(scan))
            scan->marks[scan->marks_count++] = position;
    }
    return position;
}

/* Finds the next segment at or after `position`; returns the position after its terminator, or -1 at the end. */
static int64_t next_segment(scanner *scan, int64_t position, int64_t end) {
    const uint8_t *data = scan->data;
    while (position < end && !scan->is_failed) {
        while (position < end && is_blank(data[position]) && data[position] != scan->terminator) position++;
        scan->start = position;
        scan->marks_count = 0;
        scan->stop = mark_elements(scan, position, end);
        position = scan->stop + 1;
        while (scan->stop > scan->start && (data[scan->stop - 1] == '\r' || data[scan->stop - 1] == '\n')) scan->stop--;
        if (scan->stop > scan->start) return position;
    }
    return -1;
}

/* Scans a transaction from place[0] on, whose next segment has the number place[1]; with `is_new` its first piece.

   Returns 1 at its end; 0 where a piece may end at or after `soft_end` (place says where to go on); -1 without memory. */
X12_API int32_t x12_scan(scanner *scan, int64_t *place, int64_t end, int64_t soft_end, const uint8_t *separators, int32_t is_new) {
    const rules *rule = &scan->rule;
    int64_t position = place[0], segment_no = place[1], next;
    if (end > scan->size) end = scan->size;
    scan->element_mark = separators[0]; scan->component_mark = separators[1];
    scan->terminator = separators[2]; scan->repetition_mark = separators[3];
    if (is_new) { scan->state = 0; scan->behind = position; }
    while ((next = next_segment(scan, position, end)) >= 0) {
        int32_t kind = classify(scan);
        int32_t move = rule->steps[(int64_t)scan->state * rule->kinds + kind];
        int32_t state = move >> 1, number = rule->level_of_state[state];
        int64_t after = scan->stop + 1 < end ? scan->stop + 1 : end;
        if (move & 1) {
            uint64_t keep = rule->keeps[state];
            if (number >= 0) keep &= ~(1ull << number);
            close_rows(scan, keep, scan->behind);
            if (scan->start >= soft_end && rule->cuts[state]) {
                place[0] = scan->start; place[1] = segment_no;
                return 0;
            }
            if (number >= 0 && add_row(scan, number, segment_no, after, state) < 0) return -1;
        } else if (state != scan->state) {
            close_rows(scan, rule->keeps[state], scan->behind);
        }
        scan->state = state;
        apply(scan, state, kind, segment_no, after);
        if (rule->has_trace && !add_trace(scan, segment_no << 16 | state)) return -1;
        scan->behind = after;
        segment_no++;
        position = next;
    }
    if (scan->is_failed) return -1;
    close_rows(scan, 0, scan->behind);
    place[0] = end; place[1] = segment_no;
    return 1;
}

/* Scans whole transactions, each from its first byte and segment number to its end: 1 when done, -1 without memory. */
X12_API int32_t x12_scan_all(scanner *scan, int64_t count, const int64_t *places, const uint8_t *separators) {
    for (int64_t set = 0; set < count; set++) {
        int64_t place[] = {places[set * 3], places[set * 3 + 1]};
        if (x12_scan(scan, place, places[set * 3 + 2], INT64_MAX, separators + set * 4, 1) < 0) return -1;
    }
    return 1;
}

X12_API scanner *x12_open(const rules *rule) {
    scanner *scan = calloc(1, sizeof(scanner));
    if (!scan) return NULL;
    scan->rule = *rule;
    scan->levels = calloc((size_t)rule->levels, sizeof(level));
    scan->lists = calloc((size_t)rule->lists + 1, sizeof(list));
    scan->current = malloc((size_t)rule->loops * sizeof(int64_t));
    if (!scan->levels || !scan->lists || !scan->current) {
        free(scan->levels); free(scan->lists); free(scan->current); free(scan);
        return NULL;
    }
    for (int32_t number = 0; number < rule->levels; number++) {
        scan->levels[number].slots = rule->slots[number];
        scan->levels[number].loops = rule->loops;
    }
    return scan;
}

static void empty_lists(scanner *scan) {
    for (int32_t number = 0; number < scan->rule.lists; number++) scan->lists[number].count = 0;
    scan->lost.count = scan->trace_count = 0;
}

/* Forgets every row and starts on other bytes; the memory is kept. */
X12_API void x12_start(scanner *scan, const uint8_t *data, int64_t size) {
    scan->data = data;
    scan->size = size;
    for (int32_t number = 0; number < scan->rule.levels; number++)
        scan->levels[number].count = scan->levels[number].carried = 0;
    for (int32_t number = 0; number < scan->rule.loops; number++) scan->current[number] = -1;
    empty_lists(scan);
}

/* Forgets every row of a piece but those of the loops that are still open: the first rows of the next piece. */
X12_API void x12_cut(scanner *scan) {
    int32_t loops = scan->rule.loops;
    for (int32_t number = 0; number < scan->rule.levels; number++) {
        level *here = &scan->levels[number];
        int64_t row = number < loops ? scan->current[number] : -1;
        here->count = here->carried = row >= 0;
        if (row < 0) continue;
        memmove(here->cells, here->cells + row * here->slots, (size_t)here->slots * sizeof(uint64_t));
        memmove(here->places, here->places + row * PLACE, PLACE * sizeof(int64_t));
        for (int32_t loop = 0; loop < loops; loop++)
            here->parents[loop] = here->parents[row * loops + loop] >= 0 && scan->current[loop] >= 0 ? 0 : -1;
        scan->current[number] = 0;
    }
    empty_lists(scan);
}

X12_API void x12_close(scanner *scan) {
    for (int32_t number = 0; number < scan->rule.levels; number++) {
        free(scan->levels[number].cells); free(scan->levels[number].parents); free(scan->levels[number].places);
    }
    for (int32_t number = 0; number < scan->rule.lists; number++) {
        free(scan->lists[number].rows); free(scan->lists[number].cells);
    }
    free(scan->lost.rows); free(scan->lost.cells); free(scan->trace);
    free(scan->row_room); free(scan->cell_room);
    free(scan->levels); free(scan->lists); free(scan->current); free(scan->marks); free(scan);
}

/* How many rows of a level are new, which is all but those carried over. */
X12_API int64_t x12_count(const scanner *scan, int32_t number) {
    return scan->levels[number].count - scan->levels[number].carried;
}

X12_API const uint64_t *x12_cells(const scanner *scan, int32_t number) { return scan->levels[number].cells; }

/* The segments that nothing takes. */
X12_API int64_t x12_lost(const scanner *scan, const int64_t **rows, const uint64_t **cells) {
    *rows = scan->lost.rows; *cells = scan->lost.cells;
    return scan->lost.count;
}

/* Writes the state of every segment, plus `base`, at its number's place among `count` from `first` on. */
X12_API void x12_trace(const scanner *scan, int64_t first, int64_t count, int32_t base, int32_t *states) {
    int64_t at = 0, end = scan->trace_count;
    while (at < end) {
        int64_t middle = at + (end - at) / 2;
        if (scan->trace[middle] >> 16 < first) at = middle + 1; else end = middle;
    }
    for (; at < scan->trace_count && (scan->trace[at] >> 16) - first < count; at++)
        states[(scan->trace[at] >> 16) - first] = (int32_t)(scan->trace[at] & 0xFFFF) + base;
}
