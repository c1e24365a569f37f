/* Arrow arrays in plain C: a struct of columns; every array is a user of the memory it stands in until it is released. */

#include "x12.h"

static void release_column(struct ArrowArray *array) {
    array->release = NULL;
    memory_leave(array->private_data);
}

static void release_struct(struct ArrowArray *array) {
    for (int64_t number = 0; number < array->n_children; number++)
        if (array->children[number]->release) array->children[number]->release(array->children[number]);
    array->release = NULL;
    memory_leave(array->private_data);
}

/* An array of rows whose columns are still to be made; 0 without memory. */
int arrow_struct(struct ArrowArray *out, memory *room, int64_t columns, int64_t rows) {
    int64_t pointers = (columns + 1) * (int64_t)sizeof(void *);
    memset(out, 0, sizeof(*out));
    struct ArrowArray *made = memory_take(room, (columns + 1) * (int64_t)sizeof(struct ArrowArray));
    out->children = memory_take(room, pointers);
    out->buffers = memory_take(room, sizeof(void *));
    if (!made || !out->children || !out->buffers) return 0;
    memset(made, 0, (size_t)(columns + 1) * sizeof(struct ArrowArray));
    for (int64_t number = 0; number < columns; number++) {
        out->children[number] = &made[number];
        made[number].private_data = room;
    }
    out->buffers[0] = NULL;
    out->length = rows;
    out->n_buffers = 1;
    out->n_children = columns;
    out->private_data = room;
    out->release = release_struct;
    memory_join(room);
    return 1;
}

/* Begins a column of values of `width` bytes, none of them valid yet; 0 without memory. */
int arrow_column(column_array *here, struct ArrowArray *out, int64_t rows, int64_t width) {
    memory *room = out->private_data;
    here->array = out;
    here->nulls = 0;
    here->valid = memory_take(room, rows / 8 + 1);
    here->values = memory_take(room, rows * width + 8);
    out->buffers = memory_take(room, 3 * sizeof(void *));
    if (!here->valid || !here->values || !out->buffers) return 0;
    memset(here->valid, 0, (size_t)(rows / 8 + 1));
    out->length = rows;
    out->n_buffers = 2;
    out->buffers[0] = here->valid;
    out->buffers[1] = here->values;
    out->release = release_column;
    memory_join(room);
    return 1;
}

/* Ends a column; a column of text (or bytes) hands its bytes over. */
int arrow_finish(column_array *here, void *text) {
    here->array->null_count = here->nulls;
    if (!here->nulls) here->array->buffers[0] = NULL;
    if (text) {
        here->array->buffers[2] = text;
        here->array->n_buffers = 3;
    }
    return 1;
}

/* A column without any value; its buffers are shared with others of that kind. */
int arrow_nulls(struct ArrowArray *out, int64_t rows, int64_t width, int is_text) {
    memory *room = out->private_data;
    void *zeros = memory_zeros(room, (rows + 1) * width + 8);
    out->buffers = memory_take(room, 3 * sizeof(void *));
    if (!zeros || !out->buffers) return 0;
    for (int number = 0; number < 3; number++) out->buffers[number] = zeros;
    out->length = out->null_count = rows;
    out->n_buffers = is_text ? 3 : 2;
    out->release = release_column;
    memory_join(room);
    return 1;
}

/* Begins a column of text that will probably need `bytes` and may not need more than `most`. */
int text_begin(text_array *here, struct ArrowArray *out, int64_t rows, int64_t bytes, int64_t most) {
    memset(here, 0, sizeof(*here));
    here->most = most;
    here->is_failed = NO_MEMORY;
    if (!arrow_column(&here->column, out, rows, sizeof(int32_t))) return 0;
    here->is_failed = 0;
    ((int32_t *)here->column.values)[0] = 0;
    return text_room(here, bytes < most ? bytes : most);
}

int text_grow(text_array *here, int64_t bytes) {
    int64_t capacity = here->capacity * 2 > here->used + bytes ? here->capacity * 2 : here->used + bytes;
    if (here->used + bytes > here->most) { here->is_failed = TOO_LARGE; return 0; }
    if (capacity > here->most) capacity = here->most;
    memory *room = here->column.array->private_data;
    uint8_t *text = memory_resize(room, here->text, here->text ? here->capacity + SLACK : 0, capacity + SLACK);
    if (!text) { here->is_failed = NO_MEMORY; return 0; }
    here->text = text;
    here->capacity = capacity;
    return 1;
}

/* Ends a column of text and gives back the room it did not need. */
int text_finish(text_array *here) {
    if (here->is_failed) return 0;
    memory_resize(here->column.array->private_data, here->text, here->capacity + SLACK, here->used + SLACK);
    return arrow_finish(&here->column, here->text);
}

static int is_utf8(const uint8_t *at, const uint8_t *stop) {
    while (at < stop) {
        uint8_t lead = *at++;
        if (lead < 0x80) continue;
        int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
        if (lead < 0xC2 || lead > 0xF4 || stop - at < more) return 0;
        uint8_t low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80, high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        if (*at < low || *at > high) return 0;
        for (int number = 1; number < more; number++) if ((at[number] & 0xC0) != 0x80) return 0;
        at += more;
    }
    return 1;
}

static int is_ascii(const uint8_t *at, int64_t length) {
    uint8_t any = 0;
    for (int64_t offset = 0; offset < length; offset++) any |= at[offset];
    return any < 0x80;
}

/* Bytes as UTF-8 text: as they are when they are that, else read as Latin-1, which older systems still send. */
static int copy_careful(text_array *here, const uint8_t *from, int64_t length) {
    int64_t wide = 0;
    if (is_utf8(from, from + length)) {
        if (!text_room(here, length)) return 0;
        memcpy(here->text + here->used, from, (size_t)length);
        here->used += length;
        return 1;
    }
    for (int64_t offset = 0; offset < length; offset++) wide += from[offset] >> 7;
    if (!text_room(here, length + wide)) return 0;
    for (int64_t offset = 0; offset < length; offset++) {
        uint8_t byte = from[offset];
        if (byte >= 0x80) here->text[here->used++] = (uint8_t)(0xC0 | byte >> 6);
        here->text[here->used++] = byte < 0x80 ? byte : (uint8_t)(0x80 | (byte & 0x3F));
    }
    return 1;
}

/* Adds up to 16 bytes, which are read and written at once; 0 when they do not fit or are not plain ASCII. */
static inline int put_short(text_array *here, const uint8_t *from, int64_t length) {
    uint64_t first, second;
    if (here->used + length > here->capacity) return 0;
    uint8_t *to = here->text + here->used;
    memcpy(&first, from, 8);
    memcpy(&second, from + 8, 8);
    memcpy(to, &first, 8);
    memcpy(to + 8, &second, 8);
    if (((first | second) & 0x8080808080808080ull) && !is_ascii(from, length)) return 0;
    here->used += length;
    return 1;
}

/* Copies a value. */
static int copy(text_array *here, const scanner *scan, int64_t start, int64_t length) {
    const uint8_t *from = scan->data + start;
    if (!text_room(here, length)) return 0;
    if (length <= 16 && start + 16 <= scan->size && put_short(here, from, length)) return 1;
    if (!is_ascii(from, length)) return copy_careful(here, from, length);
    memcpy(here->text + here->used, from, (size_t)length);
    here->used += length;
    return 1;
}

/* Fills the rows from the first on, each with a value without the blanks behind it. */
int text_values(text_array *here, const scanner *scan, const uint64_t *cells, int64_t stride, int64_t count) {
    int32_t *offsets = here->column.values;
    const uint8_t *last = scan->size >= 16 ? scan->data + scan->size - 16 : NULL;
    int64_t good = 0;
    uint8_t bits = 0;
    for (int64_t row = 0; row < count; row++) {
        uint64_t cell = cells[row * stride];
        int64_t length = (int64_t)(cell & LONGEST);
        const uint8_t *from = scan->data + (cell >> 24);
        if (length > LONGEST_TEXT) length = 0;
        while (length && from[length - 1] == ' ') length--;
        if (length && !(length <= 16 && from <= last && put_short(here, from, length)) && !copy(here, scan, from - scan->data, length)) return 0;
        good += length > 0;
        bits |= (uint8_t)((length > 0) << (row & 7));
        if ((row & 7) == 7) { here->column.valid[row >> 3] = bits; bits = 0; }
        offsets[row + 1] = (int32_t)here->used;
    }
    if (count & 7) here->column.valid[count >> 3] = bits;
    here->column.nulls = count - good;
    here->row = count;
    return 1;
}

static int is_separator(const scanner *scan, uint8_t byte) {
    return byte == ' ' || byte == scan->component_mark || byte == scan->element_mark || byte == scan->repetition_mark;
}

/* Adds a value to the row at hand: its members separated by blanks, or the whole; whether anything was added. */
int text_value(text_array *here, const scanner *scan, int64_t start, int64_t length, int32_t how) {
    int64_t end = start + length, first = ((int32_t *)here->column.values)[here->row];
    if (how & AS_BYTES) {
        if (!text_room(here, length)) return 0;
        memcpy(here->text + here->used, scan->data + start, (size_t)length);
        here->used += length;
        return 1;
    }
    if (!(how & LISTED)) {
        while (how & TRIMMED && end > start && scan->data[end - 1] == ' ') end--;
        return end > start && copy(here, scan, start, end - start);
    }
    while (start < end) {
        int64_t stop = start;
        while (stop < end && !is_separator(scan, scan->data[stop])) stop++;
        if (stop > start) {
            if (!text_room(here, 1)) return 0;
            if (here->used > first) here->text[here->used++] = ' ';
            if (!copy(here, scan, start, stop - start)) return 0;
        }
        start = stop + 1;
    }
    return here->used > first;
}
