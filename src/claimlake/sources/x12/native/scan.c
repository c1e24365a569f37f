/* The scan of X12 transactions as plain C: one pass over the bytes, driven by tables made from a specification.

   Nothing here knows a transaction set: loops are states, a state and a kind of segment lead to the next state and to
   operations that note where cited elements stand. A cell is start << 24 | length, 0 when there is no value.
   Every buffer grows before it is written; nothing is read outside [0, size). */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST = 0, EVERY = 1, ROWS = 2, OWN = 3 };
enum { LONGEST = 0xFFFFFF, PLACE = 4 };

typedef struct {
    int32_t kind, target, slot;
    int32_t element, last_element, component, last_component;
    int32_t test_element, test_length;
    int32_t step, most, first_own, own_count, needs;
    uint8_t test[8];
} operation;

typedef struct {
    int32_t states, kinds, loops, levels, lists, hash_size, is_failed;
    const int64_t *hash_keys;       /* open addressing; -1 is free */
    const int32_t *hash_kinds;
    const int32_t *hash_qualifiers; /* which element qualifies the segment, 0 for none */
    const int32_t *steps;           /* [state][kind] next state * 2 + opens */
    const int32_t *first_operation; /* [state * kinds + kind], one more at the end */
    const operation *operations;
    const operation *owns;
    const int32_t *level_of_state;  /* the loop level a state's opening adds a row to, -1 for none */
    const uint64_t *keeps;          /* which loop levels stay open in a state, one bit each */
    const uint8_t *watched;         /* [state * kinds + kind] a segment with money that nothing takes */
} rules;

typedef struct {
    int64_t count, capacity;
    int32_t slots, loops;
    uint64_t *cells;   /* [row][slot] */
    int32_t *parents;  /* [row][loop level] */
    int64_t *places;   /* [row] segment number, begin, end, state */
} level;

typedef struct {
    int64_t count, capacity;
    int64_t *rows;
    uint64_t *cells;
} list;

typedef struct {
    const uint8_t *data;
    int64_t size;
    rules rule;
    level *levels;
    list *lists;
    list lost, trace;
    int32_t has_trace;
    int64_t *current;  /* the open row of every loop level, -1 for none */
    int64_t *marks;    /* element separators of the segment at hand */
    int64_t marks_capacity, marks_count, start, stop;
    uint8_t element_mark, component_mark;
} scanner;

static int grow_level(level *here, scanner *scan) {
    int64_t capacity = here->capacity ? here->capacity * 2 : 256;
    size_t rows = (size_t)capacity;
    uint64_t *cells = realloc(here->cells, rows * (size_t)(here->slots ? here->slots : 1) * sizeof(uint64_t));
    if (cells) here->cells = cells;
    int32_t *parents = realloc(here->parents, rows * (size_t)here->loops * sizeof(int32_t));
    if (parents) here->parents = parents;
    int64_t *places = realloc(here->places, rows * PLACE * sizeof(int64_t));
    if (places) here->places = places;
    if (!cells || !parents || !places) { scan->rule.is_failed = 1; return 0; }
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
        if (!rows || !cells) { scan->rule.is_failed = 1; return; }
        here->capacity = capacity;
    }
    here->rows[here->count] = row;
    here->cells[here->count++] = cell;
}

/* The bounds of elements first to last of the segment at hand; 0 when there is no such element. */
static int element(const scanner *scan, int64_t first, int64_t last, int64_t *start, int64_t *end) {
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

static uint64_t value(const scanner *scan, const operation *op, int64_t shift) {
    int64_t start, end;
    if (op->test_length) {
        if (!element(scan, op->test_element, op->test_element, &start, &end)) return 0;
        if (end - start != op->test_length || memcmp(scan->data + start, op->test, (size_t)op->test_length)) return 0;
    }
    if (!element(scan, op->element + shift, op->last_element + shift, &start, &end)) return 0;
    if (op->component && !components(scan, op->component, op->last_component, &start, &end)) return 0;
    int64_t length = end - start;
    if (length > LONGEST) length = LONGEST;
    return (uint64_t)start << 24 | (uint64_t)length;
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

static int32_t kind_of(const rules *rule, int64_t key, int32_t *qualifier) {
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

static int64_t packed(const uint8_t *data, int64_t start, int64_t end) {
    if (end - start > 3) return -1;
    int64_t key = 0;
    for (int offset = 0; offset < 3; offset++) key = key << 8 | (start + offset < end ? data[start + offset] : 0);
    return key;
}

static int32_t classify(scanner *scan) {
    int64_t end = scan->marks_count ? scan->marks[0] : scan->stop, start;
    int64_t key = packed(scan->data, scan->start, end);
    int32_t qualifier = 0;
    if (key < 0) return 0;
    int32_t kind = kind_of(&scan->rule, key << 24, &qualifier);
    if (qualifier && element(scan, qualifier, qualifier, &start, &end)) {
        int64_t word = packed(scan->data, start, end);
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
    if (rule->watched[combination])
        add_to_list(scan, &scan->lost, segment_no, (uint64_t)scan->start << 24 | (uint64_t)((end - scan->start) & LONGEST));
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

static inline int mark(scanner *scan, int64_t position) {
    if (scan->marks_count == scan->marks_capacity) {
        int64_t capacity = scan->marks_capacity ? scan->marks_capacity * 2 : 64;
        int64_t *marks = realloc(scan->marks, (size_t)capacity * sizeof(int64_t));
        if (!marks) { scan->rule.is_failed = 1; return 0; }
        scan->marks = marks;
        scan->marks_capacity = capacity;
    }
    scan->marks[scan->marks_count++] = position;
    return 1;
}

static int is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t' || byte == 0x1A || byte == 0;
}

/* Finds the next segment at or after `position`; returns the position after its terminator, or -1 at the end. */
static int64_t next_segment(scanner *scan, int64_t position, int64_t end, uint8_t terminator) {
    const uint8_t *data = scan->data;
    while (position < end) {
        while (position < end && is_blank(data[position]) && data[position] != terminator) position++;
        scan->start = position;
        scan->marks_count = 0;
        const uint8_t *hit = memchr(data + position, terminator, (size_t)(end - position));
        int64_t stop = hit ? hit - data : end;
        for (const uint8_t element_mark = scan->element_mark; position < stop; position++)
            if (data[position] == element_mark && !mark(scan, position)) return -1;
        position = stop;
        scan->stop = position++;
        while (scan->stop > scan->start && (data[scan->stop - 1] == '\r' || data[scan->stop - 1] == '\n')) scan->stop--;
        if (scan->stop > scan->start) return position;
    }
    return -1;
}

/* Scans one transaction; its segments are numbered from `segment_no`. Returns 0 when memory ran out. */
int x12_scan(scanner *scan, int64_t begin, int64_t end, int32_t element_mark, int32_t component_mark, int32_t terminator,
             int64_t segment_no) {
    int32_t state = 0;
    int64_t position = begin, behind = begin;
    scan->element_mark = (uint8_t)element_mark;
    scan->component_mark = (uint8_t)component_mark;
    if (end > scan->size) end = scan->size;
    while (!scan->rule.is_failed && (position = next_segment(scan, position, end, (uint8_t)terminator)) >= 0) {
        int32_t kind = classify(scan);
        int32_t move = scan->rule.steps[(int64_t)state * scan->rule.kinds + kind];
        int32_t next = move >> 1, level_number = scan->rule.level_of_state[next];
        int64_t after = scan->stop + 1 < scan->size ? scan->stop + 1 : scan->size;
        if (move & 1) {
            uint64_t keep = scan->rule.keeps[next];
            if (level_number >= 0) keep &= ~(1ull << level_number);
            close_rows(scan, keep, behind);
            if (level_number >= 0 && add_row(scan, level_number, segment_no, after, next) < 0) return 0;
        } else if (next != state) {
            close_rows(scan, scan->rule.keeps[next], behind);
        }
        state = next;
        apply(scan, state, kind, segment_no, after);
        if (scan->has_trace)
            add_to_list(scan, &scan->trace, segment_no << 16 | state,
                        (uint64_t)scan->start << 24 | (uint64_t)((after - scan->start) & LONGEST));
        behind = after;
        segment_no++;
    }
    close_rows(scan, 0, behind);
    return !scan->rule.is_failed;
}

scanner *x12_open(const uint8_t *data, int64_t size, const rules *rule, const int32_t *slots, int32_t has_trace) {
    scanner *scan = calloc(1, sizeof(scanner));
    if (!scan) return NULL;
    scan->data = data;
    scan->size = size;
    scan->rule = *rule;
    scan->has_trace = has_trace;
    scan->levels = calloc((size_t)rule->levels, sizeof(level));
    scan->lists = calloc((size_t)rule->lists + 1, sizeof(list));
    scan->current = malloc((size_t)rule->loops * sizeof(int64_t));
    if (!scan->levels || !scan->lists || !scan->current) {
        free(scan->levels); free(scan->lists); free(scan->current); free(scan);
        return NULL;
    }
    for (int32_t number = 0; number < rule->loops; number++) scan->current[number] = -1;
    for (int32_t number = 0; number < rule->levels; number++) {
        scan->levels[number].slots = slots[number];
        scan->levels[number].loops = rule->loops;
    }
    return scan;
}

void x12_close(scanner *scan) {
    for (int32_t number = 0; number < scan->rule.levels; number++) {
        free(scan->levels[number].cells); free(scan->levels[number].parents); free(scan->levels[number].places);
    }
    for (int32_t number = 0; number < scan->rule.lists; number++) {
        free(scan->lists[number].rows); free(scan->lists[number].cells);
    }
    free(scan->lost.rows); free(scan->lost.cells); free(scan->trace.rows); free(scan->trace.cells);
    free(scan->levels); free(scan->lists); free(scan->current); free(scan->marks); free(scan);
}

int64_t x12_level(const scanner *scan, int32_t number, const uint64_t **cells, const int32_t **parents, const int64_t **places) {
    const level *here = &scan->levels[number];
    *cells = here->cells; *parents = here->parents; *places = here->places;
    return here->count;
}

int64_t x12_list(const scanner *scan, int32_t number, const int64_t **rows, const uint64_t **cells) {
    const list *here = number == -1 ? &scan->lost : number == -2 ? &scan->trace : &scan->lists[number];
    *rows = here->rows; *cells = here->cells;
    return here->count;
}

/* Unpacks one slot of every row: where the value starts and ends. */
void x12_unpack(const uint64_t *cells, int64_t count, int64_t stride, int64_t *start, int64_t *end) {
    for (int64_t row = 0; row < count; row++) {
        uint64_t cell = cells[row * stride];
        start[row] = (int64_t)(cell >> 24);
        end[row] = start[row] + (int64_t)(cell & LONGEST);
    }
}
