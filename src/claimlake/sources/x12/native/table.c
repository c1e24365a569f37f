/* From the notes of a scan to the columns of tables, as Arrow arrays in one memory. */

#include "table.h"

int is_code(const filling *fill, int32_t first, int32_t count, const uint8_t *at, int64_t length) {
    if (length > 7) return 0;
    uint64_t code = (uint64_t)length;
    for (int64_t offset = 0; offset < length; offset++) code = code << 8 | at[offset];
    for (int32_t number = first; number < first + count; number++) if (fill->table->codes[number] == code) return 1;
    return 0;
}

static int select_rows(filling *fill) {
    const level *here = fill->level;
    const table *table = fill->table;
    fill->rows = fill->scan->row_room;
    fill->resolved = fill->scan->cell_room;
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

int tell(filling *fill, int64_t column, int64_t row, int64_t kind) {
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

/* Room for the rows of the largest level, kept with the scanner. */
static int make_room(scanner *scan) {
    int64_t most = 0;
    for (int32_t number = 0; number < scan->rule.levels; number++)
        if (scan->levels[number].count > most) most = scan->levels[number].count;
    if (most < scan->room) return 1;
    int64_t *rows = realloc(scan->row_room, (size_t)(most + 1) * sizeof(int64_t));
    if (rows) scan->row_room = rows;
    uint64_t *cells = realloc(scan->cell_room, (size_t)(most + 1) * sizeof(uint64_t));
    if (cells) scan->cell_room = cells;
    if (rows && cells) scan->room = most + 1;
    return rows && cells;
}

static int fill_table(filling *fill, memory *room, struct ArrowArray *out) {
    int is_done = select_rows(fill) && arrow_struct(out, room, fill->table->columns, fill->count);
    for (int64_t number = 0; is_done && number < fill->table->columns; number++)
        is_done = fill_column(fill, number, out->children[number]);
    if (!is_done && !fill->is_failed) fill->is_failed = NO_MEMORY;
    return is_done;
}

/* Makes the rows of every table: 1 when done, NO_MEMORY, or TOO_LARGE when a text grows out of proportion to the bytes. */
X12_API int32_t x12_fill(scanner *scan, const table *const *tables, int32_t count, const setting *setting, int64_t bytes,
                         struct ArrowArray *const *out, issues *told) {
    int64_t most_text = bytes * MOST_TEXT > LEAST_TEXT ? bytes * MOST_TEXT : LEAST_TEXT;
    memory *room = memory_open(bytes * 4);
    int32_t status = room && make_room(scan) && scan->levels[0].count == setting->set_count ? 1 : NO_MEMORY;
    for (int32_t number = 0; status == 1 && number < count; number++) {
        filling fill;
        memset(&fill, 0, sizeof(fill));
        fill.scan = scan; fill.table = tables[number]; fill.setting = setting;
        fill.level = &scan->levels[fill.table->level];
        fill.ordinals = setting->ordinals ? setting->ordinals[number] : NULL;
        fill.told = &told[number];
        fill.most_text = most_text > INT32_MAX ? INT32_MAX : most_text;
        if (!fill_table(&fill, room, out[number])) status = fill.is_failed;
    }
    for (int32_t number = 0; status != 1 && number < count; number++)
        if (out[number]->release) out[number]->release(out[number]);
    if (room) memory_leave(room);
    return status;
}

X12_API void x12_forget(issues *told, int32_t count) {
    for (int32_t number = 0; number < count; number++) free(told[number].issues);
    memset(told, 0, (size_t)count * sizeof(issues));
}
