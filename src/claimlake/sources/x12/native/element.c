/* Columns that are read from elements: every cell by its citations, as its type. */

#include "table.h"

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

static int has_any(const filling *fill) {
    uint64_t any = 0;
    for (int64_t row = 0; row < fill->count && !any; row++) any = fill->cells[row * fill->stride] & LONGEST;
    return any != 0;
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
    if (!is_done) return 0;
    if (!text_begin(&text, out, fill->count, bytes, fill->most_text)) return finish_text(fill, &text);
    if (column->how & LISTED) is_done = fill_listed(fill, &text);
    else is_done = text_values(&text, fill->scan, fill->cells, fill->stride, fill->count);
    if (is_done && column->code_count && column->source == ELEMENT) is_done = check_codes(fill, number, &text);
    if (!is_done && !text.is_failed) text.is_failed = NO_MEMORY;
    return finish_text(fill, &text);
}

/* One loop for each type, so that nothing is decided again for every row. */
static inline int fill_typed(filling *fill, int32_t type, int64_t number, column_array *made) {
    const column *column = &fill->table->column[number];
    const uint8_t *data = fill->scan->data;
    int64_t good = 0;
    uint8_t bits = 0;
    for (int64_t row = 0; row < fill->count; row++) {
        uint64_t cell = fill->cells[row * fill->stride];
        const uint8_t *at = data + (cell >> 24);
        int64_t length = (int64_t)(cell & LONGEST), value = 0;
        int status = length == LONGEST ? IS_BAD : length ? convert(type, column, at, at + length, &value) : 0;
        int is_good = status == 1;
        set_value(made, type, row, is_good ? value : 0);
        good += is_good;
        bits |= (uint8_t)(is_good << (row & 7));
        if ((row & 7) == 7) { made->valid[row >> 3] = bits; bits = 0; }
        if (status == IS_BAD && !tell(fill, number, row, IS_BAD)) return 0;
    }
    if (fill->count & 7) made->valid[fill->count >> 3] = bits;
    made->nulls = fill->count - good;
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

int fill_element(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    if (column->source != PICK) resolve(fill, column);
    else if (!resolve_pick(fill, column)) return 0;
    if (!has_any(fill)) return arrow_nulls(out, fill->count, column->type == TEXT ? 4 : width_of(column->type), column->type == TEXT);
    return column->type == TEXT ? fill_text(fill, number, out) : fill_value(fill, number, out);
}

