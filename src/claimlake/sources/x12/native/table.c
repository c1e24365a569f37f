/* From the notes of a scan to the columns of a table, each read as its type, as Arrow arrays. */

#include "value.h"
#include "x12.h"

enum { TEXT, DECIMAL, INT32, INT64, DAY, MOMENT };
enum { ELEMENT, NUMBER, ORDINAL, OF_SET, OF_STATE, JOINED, TOTAL, TALLY, PICK, SET_NUMBER, SEGMENT_NO, BEGIN, LENGTH };
enum { BY_ROW = 8, IS_LAST = 16 };
enum { IS_BAD = 2, IS_UNKNOWN = 3 };
enum { MOST_TEXT = 32, LEAST_TEXT = 1 << 20 };

/* Where a value is cited: a slot of the row itself (loop -1) or of the row of the loop around it. */
typedef struct { int32_t level, loop, slot; } cited;

typedef struct {
    int32_t type, places, source, how;
    int32_t first_cited, cited_count;  /* in order of preference */
    int32_t argument;                  /* level, list, loops or dictionary, as the source says */
    int32_t first_code, code_count, digits;
} column;

typedef struct {
    int32_t level, columns, only_slot, only_first, only_count, unused;
    const column *column;
    const cited *cited;
    const uint64_t *codes;             /* up to seven bytes and their number */
} table;

typedef struct { const int32_t *offsets; const uint8_t *bytes; } dictionary;

/* What the rows of one reading have in common. */
typedef struct {
    int64_t set_count;
    const int64_t *numbers;            /* [level] rows before these */
    const int64_t *set_numbers;        /* [set] number of the transaction in the file */
    const int64_t *set_lengths;        /* [set] its bytes */
    const uint8_t *keep;               /* [set] whether its rows are wanted; NULL for all */
    const dictionary *of_set;          /* [fact] a text for every set */
    const dictionary *of_state;        /* [column] a text for every state */
    int64_t *ordinals;                 /* [column] where the ordinals of a row that is read in pieces go on; NULL for none */
} setting;

typedef struct { int64_t column, row, kind, set, segment_no, begin; } issue;
typedef struct { int64_t count, capacity; issue *issues; } issues;

typedef struct {
    const scanner *scan;
    const table *table;
    const setting *setting;
    const level *level;
    int64_t count;
    int64_t *rows;          /* the rows of the level that are wanted */
    uint64_t *resolved;     /* room for one column's cells */
    const uint64_t *cells;  /* those of the column at hand, one every `stride` */
    int64_t stride;
    issues *told;
    int64_t most_text;
} filling;

static int is_code(const filling *fill, int32_t first, int32_t count, const uint8_t *at, int64_t length) {
    if (length > 7) return 0;
    uint64_t code = (uint64_t)length;
    for (int64_t offset = 0; offset < length; offset++) code = code << 8 | at[offset];
    for (int32_t number = first; number < first + count; number++) if (fill->table->codes[number] == code) return 1;
    return 0;
}

static int64_t set_of(const filling *fill, int64_t row) { return fill->level->parents[row * fill->level->loops]; }

static int select_rows(filling *fill) {
    const level *here = fill->level;
    const table *table = fill->table;
    fill->rows = malloc((size_t)(here->count + 1) * sizeof(int64_t));
    fill->resolved = malloc((size_t)(here->count + 1) * sizeof(uint64_t));
    if (!fill->rows || !fill->resolved) return 0;
    for (int64_t row = here->carried; row < here->count; row++) {
        if (fill->setting->keep && !fill->setting->keep[set_of(fill, row)]) continue;
        if (table->only_count) {
            uint64_t cell = here->cells[row * here->slots + table->only_slot];
            const uint8_t *at = fill->scan->data + (cell >> 24);
            if (!is_code(fill, table->only_first, table->only_count, at, (int64_t)(cell & LONGEST))) continue;
        }
        fill->rows[fill->count++] = row;
    }
    return 1;
}

static int tell(filling *fill, int64_t column, int64_t row, int64_t kind) {
    issues *told = fill->told;
    if (told->count == told->capacity) {
        int64_t capacity = told->capacity ? told->capacity * 2 : 64;
        issue *grown = realloc(told->issues, (size_t)capacity * sizeof(issue));
        if (!grown) return 0;
        told->issues = grown;
        told->capacity = capacity;
    }
    const int64_t *place = fill->level->places + fill->rows[row] * PLACE;
    issue found = {column, row, kind, set_of(fill, fill->rows[row]), place[0], place[1]};
    told->issues[told->count++] = found;
    return 1;
}

static int is_every_row(const filling *fill) { return fill->count == fill->level->count - fill->level->carried; }

/* For every row the cell of the first citation that has a value, or with BY_ROW of the first whose loop is there. */
static void resolve(filling *fill, const column *column) {
    const level *here = fill->level;
    const cited *first = fill->table->cited + column->first_cited;
    fill->cells = fill->resolved;
    fill->stride = 1;
    if (column->cited_count == 1 && first->loop < 0 && is_every_row(fill)) {
        fill->cells = here->cells + here->carried * here->slots + first->slot;
        fill->stride = here->slots;
        return;
    }
    for (int64_t row = 0; row < fill->count; row++) {
        uint64_t cell = 0;
        int is_settled = 0;
        for (const cited *at = first; at < first + column->cited_count && !is_settled; at++) {
            const level *holder = &fill->scan->levels[at->level];
            int64_t place = at->loop < 0 ? fill->rows[row] : here->parents[fill->rows[row] * here->loops + at->loop];
            if (place < 0) continue;
            cell = holder->cells[place * holder->slots + at->slot];
            is_settled = cell || column->how & BY_ROW;
        }
        fill->resolved[row] = cell;
    }
}

/* For every row the value of its first repeated composite whose qualifier is one of the codes. */
static int resolve_pick(filling *fill, const column *column) {
    const cited *at = fill->table->cited + column->first_cited;
    const level *picked = &fill->scan->levels[at[0].level];
    uint64_t *found = calloc((size_t)(fill->level->count + 1), sizeof(uint64_t));
    uint8_t *is_found = calloc((size_t)(fill->level->count + 1), 1);
    if (found && is_found) {
        for (int64_t row = 0; row < picked->count; row++) {
            int64_t owner = picked->parents[row * picked->loops + column->argument];
            uint64_t qualifier = picked->cells[row * picked->slots + at[0].slot];
            if (owner < 0 || is_found[owner]) continue;
            const uint8_t *word = fill->scan->data + (qualifier >> 24);
            if (!is_code(fill, column->first_code, column->code_count, word, (int64_t)(qualifier & LONGEST))) continue;
            is_found[owner] = 1;
            found[owner] = picked->cells[row * picked->slots + at[1].slot];
        }
        for (int64_t row = 0; row < fill->count; row++) fill->resolved[row] = found[fill->rows[row]];
    }
    int is_done = found && is_found;
    fill->cells = fill->resolved;
    fill->stride = 1;
    free(found); free(is_found);
    return is_done;
}

/* Tells every value that is none of the column's codes. */
static int check_codes(filling *fill, int64_t number, const text_array *text) {
    const column *column = &fill->table->column[number];
    const int32_t *offsets = text->column.values;
    for (int64_t row = 0; row < fill->count; row++) {
        int64_t start = offsets[row], length = offsets[row + 1] - start;
        if (!length || is_code(fill, column->first_code, column->code_count, text->text + start, length)) continue;
        if (!tell(fill, number, row, IS_UNKNOWN)) return 0;
    }
    return 1;
}

static int fill_listed(filling *fill, text_array *text) {
    for (int64_t row = 0; row < fill->count; row++) {
        uint64_t cell = fill->cells[row * fill->stride];
        int64_t length = (int64_t)(cell & LONGEST);
        int is_valid = length && length <= LONGEST_TEXT && text_value(text, fill->scan, (int64_t)(cell >> 24), length, LISTED);
        if (!text_end_row(text, is_valid)) return 0;
    }
    return 1;
}

static int fill_text(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    text_array text;
    int64_t bytes = 0;
    int is_done = 1;
    for (int64_t row = 0; row < fill->count; row++) {
        int64_t length = (int64_t)(fill->cells[row * fill->stride] & LONGEST);
        if (length > LONGEST_TEXT) is_done &= tell(fill, number, row, IS_BAD);
        else bytes += length;
    }
    if (!is_done || bytes > fill->most_text || !text_begin(&text, out, fill->count, bytes, fill->most_text)) return 0;
    if (column->how & LISTED) is_done = fill_listed(fill, &text);
    else is_done = text_values(&text, fill->scan, fill->cells, fill->stride, fill->count);
    if (is_done && column->code_count && column->source == ELEMENT) is_done = check_codes(fill, number, &text);
    text.is_failed |= !is_done;
    return text_finish(&text);
}

/* The largest number of a column's type, in units of its last place. */
static inline int64_t most_of(const column *column) {
    static const int64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
        10000000000, 100000000000, 1000000000000, 10000000000000, 100000000000000, 1000000000000000,
        10000000000000000, 100000000000000000, 1000000000000000000};
    return column->type == INT32 ? INT32_MAX : powers[column->digits] - 1;
}

static inline int convert(int32_t type, const column *column, const uint8_t *at, const uint8_t *stop, int64_t *out) {
    int32_t day = 0;
    int status;
    if (type == DAY) {
        status = x12_day(at, stop, (column->how & IS_LAST) != 0, &day);
        *out = day;
        return status;
    }
    if (type == MOMENT) return x12_moment(at, stop, out);
    status = x12_decimal(at, stop, column->places, out);
    if (status == 1 && (*out > most_of(column) || *out < -most_of(column))) return 2;
    return status;
}

static inline void set_value(column_array *here, int32_t type, int64_t row, int64_t value) {
    if (type == DECIMAL) {
        ((int64_t *)here->values)[row * 2] = value;
        ((int64_t *)here->values)[row * 2 + 1] = value >> 63;
    } else if (type == INT32 || type == DAY) {
        ((int32_t *)here->values)[row] = (int32_t)value;
    } else {
        ((int64_t *)here->values)[row] = value;
    }
}

static int64_t width_of(int32_t type) { return type == DECIMAL ? 16 : type == INT32 || type == DAY ? 4 : 8; }

/* One loop for each type, so that nothing is decided again for every row. */
static inline int fill_typed(filling *fill, int32_t type, int64_t number, column_array *made) {
    const column *column = &fill->table->column[number];
    for (int64_t row = 0; row < fill->count; row++) {
        uint64_t cell = fill->cells[row * fill->stride];
        const uint8_t *at = fill->scan->data + (cell >> 24);
        int64_t length = (int64_t)(cell & LONGEST), value = 0;
        int status = length == LONGEST ? IS_BAD : length ? convert(type, column, at, at + length, &value) : 0;
        if (status == 1) {
            set_value(made, type, row, value);
            set_valid(made, row);
            continue;
        }
        set_value(made, type, row, 0);
        made->nulls++;
        if (status == IS_BAD && !tell(fill, number, row, IS_BAD)) return 0;
    }
    return 1;
}

static int fill_value(filling *fill, int64_t number, struct ArrowArray *out) {
    int32_t type = fill->table->column[number].type;
    column_array made;
    int is_done;
    if (!arrow_column(&made, out, fill->count, width_of(type))) return 0;
    if (type == DECIMAL) is_done = fill_typed(fill, DECIMAL, number, &made);
    else if (type == DAY) is_done = fill_typed(fill, DAY, number, &made);
    else is_done = fill_typed(fill, type, number, &made);
    return is_done && arrow_finish(&made, NULL);
}

static int fill_element(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    if (column->source != PICK) resolve(fill, column);
    else if (!resolve_pick(fill, column)) return 0;
    return column->type == TEXT ? fill_text(fill, number, out) : fill_value(fill, number, out);
}

/* Where whole numbers that are not read but counted stand: places of the rows, numbers of loops or transactions. */
static void fill_places(const filling *fill, const column *column, int64_t *values) {
    const level *here = fill->level;
    const int64_t *rows = fill->rows;
    for (int64_t row = 0; row < fill->count; row++) {
        const int64_t *place = here->places + rows[row] * PLACE;
        if (column->source == SEGMENT_NO) values[row] = place[0];
        else if (column->source == BEGIN) values[row] = place[1];
        else if (fill->table->level) values[row] = place[2] - place[1];
        else values[row] = fill->setting->set_lengths[rows[row]];
    }
}

static int fill_counted(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    const level *here = fill->level;
    int32_t loop = column->source == SET_NUMBER ? 0 : column->argument;
    column_array made;
    if (!arrow_column(&made, out, fill->count, sizeof(int64_t))) return 0;
    int64_t *values = made.values;
    if (column->source != SET_NUMBER && column->source != NUMBER) {
        fill_places(fill, column, values);
    } else {
        int64_t before = fill->setting->numbers[loop] + 1 - fill->scan->levels[loop].carried;
        for (int64_t row = 0; row < fill->count; row++) {
            int64_t owner = loop < here->loops ? here->parents[fill->rows[row] * here->loops + loop] : fill->rows[row];
            if (owner < 0) { values[row] = 0; made.nulls++; continue; }
            values[row] = column->source == SET_NUMBER ? fill->setting->set_numbers[owner] : before + owner;
        }
    }
    if (made.nulls) {  /* numbers count from 1 */
        for (int64_t row = 0; row < fill->count; row++) if (values[row]) set_valid(&made, row);
    }
    return arrow_finish(&made, NULL);
}

/* Positions, from 1, of the rows within the innermost of the loops whose bits the argument has. */
static int fill_ordinal(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    const level *here = fill->level;
    column_array made;
    int64_t ordinal = fill->setting->ordinals ? fill->setting->ordinals[number] : 0;
    const int32_t *before = NULL;
    int is_same = 1;
    if (!arrow_column(&made, out, fill->count, width_of(column->type))) return 0;
    for (int64_t row = 0; row <= fill->count; row++) {
        const int32_t *parents = here->parents + (row < fill->count ? fill->rows[row] * here->loops : 0);
        is_same = 1;
        for (int32_t loop = 0; loop < here->loops; loop++) {
            if (!((uint32_t)column->argument >> loop & 1)) continue;
            /* The first row continues the piece before when its loops were carried over, the last one the piece behind. */
            if (row == fill->count) is_same &= before ? before[loop] == fill->scan->current[loop] : fill->scan->levels[loop].carried;
            else if (before) is_same &= parents[loop] == before[loop];
            else is_same &= parents[loop] == 0 && fill->scan->levels[loop].carried;
        }
        if (row == fill->count) break;
        ordinal = is_same ? ordinal + 1 : 1;
        before = parents;
        set_value(&made, column->type, row, ordinal);
        set_valid(&made, row);
    }
    if (fill->setting->ordinals) fill->setting->ordinals[number] = is_same ? ordinal : 0;
    return arrow_finish(&made, NULL);
}

/* A text of a dictionary: by the transaction set of the row, or by the loop it stands in. */
static int fill_dictionary(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    const setting *setting = fill->setting;
    const dictionary *words = column->source == OF_SET ? &setting->of_set[column->argument] : &setting->of_state[column->argument];
    text_array text;
    if (!text_begin(&text, out, fill->count, fill->count * 16, fill->most_text)) return 0;
    for (int64_t row = 0; row < fill->count; row++) {
        int64_t at = column->source == OF_SET ? set_of(fill, fill->rows[row]) : fill->level->places[fill->rows[row] * PLACE + 3];
        int64_t start = words->offsets[at], length = words->offsets[at + 1] - start;
        if (length && text_room(&text, length)) {
            memcpy(text.text + text.used, words->bytes + start, (size_t)length);
            text.used += length;
        }
        if (!text_end_row(&text, length > 0)) break;
    }
    return text_finish(&text);
}

/* Every value that a row's list has: as one text, or as one sum. */
static int fill_list(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    const list *here = &fill->scan->lists[column->argument];
    text_array text;
    column_array made;
    int64_t at = 0;
    int is_text = column->source == JOINED;
    if (is_text ? !text_begin(&text, out, fill->count, here->count * 8, fill->most_text)
                : !arrow_column(&made, out, fill->count, width_of(column->type))) return 0;
    for (int64_t row = 0; row < fill->count; row++) {
        int64_t sum = 0, has_any = 0, is_bad = 0;
        while (at < here->count && here->rows[at] < fill->rows[row]) at++;
        for (; at < here->count && here->rows[at] == fill->rows[row]; at++) {
            int64_t start = (int64_t)(here->cells[at] >> 24), length = (int64_t)(here->cells[at] & LONGEST), value = 0;
            if (length > LONGEST_TEXT) { is_bad = 1; continue; }
            if (is_text) { has_any |= text_value(&text, fill->scan, start, length, LISTED); continue; }
            int status = convert(column->type, column, fill->scan->data + start, fill->scan->data + start + length, &value);
            if (status == 1) has_any = 1;
            else is_bad = 1;
            sum = (int64_t)((uint64_t)sum + (uint64_t)value);
        }
        if (is_bad && !tell(fill, number, row, IS_BAD)) return 0;
        if (is_text) { if (!text_end_row(&text, (int)has_any)) break; continue; }
        set_value(&made, column->type, row, sum);
        if (has_any) set_valid(&made, row);
        else made.nulls++;
    }
    return is_text ? text_finish(&text) : arrow_finish(&made, NULL);
}

static int fill_tally(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    const level *counted_level = &fill->scan->levels[column->argument];
    column_array made;
    memset(fill->resolved, 0, (size_t)(fill->level->count + 1) * sizeof(uint64_t));
    for (int64_t row = 0; row < counted_level->count; row++) {
        int64_t owner = counted_level->parents[row * counted_level->loops + fill->table->level];
        if (owner >= 0) fill->resolved[owner]++;
    }
    if (!arrow_column(&made, out, fill->count, width_of(column->type))) return 0;
    for (int64_t row = 0; row < fill->count; row++) {
        set_value(&made, column->type, row, (int64_t)fill->resolved[fill->rows[row]]);
        set_valid(&made, row);
    }
    return arrow_finish(&made, NULL);
}

static int fill_column(filling *fill, int64_t number, struct ArrowArray *out) {
    switch (fill->table->column[number].source) {
    case ELEMENT: case PICK: return fill_element(fill, number, out);
    case ORDINAL: return fill_ordinal(fill, number, out);
    case OF_SET: case OF_STATE: return fill_dictionary(fill, number, out);
    case JOINED: case TOTAL: return fill_list(fill, number, out);
    case TALLY: return fill_tally(fill, number, out);
    default: return fill_counted(fill, number, out);
    }
}

/* Makes the rows of a table; 1 when done, 0 when there is no memory or a text grows out of proportion to the bytes. */
int32_t x12_fill(const scanner *scan, const table *table, const setting *setting, int64_t bytes, struct ArrowArray *out, issues *told) {
    filling fill = {scan, table, setting, &scan->levels[table->level], 0, NULL, NULL, NULL, 1, told, 0};
    fill.most_text = bytes * MOST_TEXT > LEAST_TEXT ? bytes * MOST_TEXT : LEAST_TEXT;
    if (fill.most_text > INT32_MAX) fill.most_text = INT32_MAX;
    int is_done = scan->levels[0].count == setting->set_count && select_rows(&fill) && arrow_struct(out, table->columns, fill.count);
    for (int64_t number = 0; is_done && number < table->columns; number++)
        is_done = fill_column(&fill, number, out->children[number]);
    if (!is_done && out->release) out->release(out);
    free(fill.rows); free(fill.resolved);
    return is_done;
}

void x12_forget(issues *told) {
    free(told->issues);
    memset(told, 0, sizeof(*told));
}
