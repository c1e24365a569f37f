/* What the parts of the X12 kernel share. Plain C99 and no library: one build serves every Python.

   Nothing here knows a transaction set: loops are states, a state and a kind of segment lead to the next state and to
   operations that note where cited elements stand; tables are columns that say which notes they are read from.
   A cell is start << 24 | length: a place in the bytes, 0 when there is no value. */

#ifndef X12_H
#define X12_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__GNUC__)
#define X12_API __attribute__((visibility("default")))
#else
#define X12_API
#endif

enum { FIRST = 0, EVERY = 1, ROWS = 2, OWN = 3 };
enum { LONGEST = 0xFFFFFF, LONGEST_TEXT = 1024, PLACE = 4 };

typedef struct {
    int32_t kind, target, slot;
    int32_t element, last_element, component, last_component;
    int32_t test_element, test_length;
    int32_t step, most, first_own, own_count, needs;
    uint8_t test[8];
} operation;

typedef struct {
    int32_t states, kinds, loops, levels, lists, hash_size, has_trace, unused;
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
    const uint8_t *cuts;            /* [state] whether a transaction may be read in pieces that begin with its opening */
    const int32_t *slots;           /* [level] how many cells a row has */
} rules;

typedef struct {
    int64_t count, capacity;
    int32_t slots, loops, carried;
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
    list lost;
    int64_t *trace, trace_count, trace_capacity;  /* segment number << 16 | state */
    int64_t *current;  /* the open row of every loop level, -1 for none */
    int64_t *marks;    /* element separators of the segment at hand */
    int64_t marks_capacity, marks_count, start, stop, behind;
    int32_t state, is_failed;
    uint8_t element_mark, component_mark, repetition_mark, terminator;
    int64_t *row_room;   /* for the rows of a table that are wanted */
    uint64_t *cell_room; /* for the cells of one of its columns */
    int64_t room;
} scanner;

/* The Arrow C data interface (https://arrow.apache.org/docs/format/CDataInterface.html). */
struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

typedef struct memory memory;

memory *memory_open(int64_t bytes);
void memory_join(memory *here);
void memory_leave(memory *here);
void *memory_take(memory *here, int64_t bytes);
void *memory_zeros(memory *here, int64_t bytes);
void *memory_resize(memory *here, void *at, int64_t from, int64_t to);

/* A column under construction: the array, one validity bit a row, and the values. */
typedef struct {
    struct ArrowArray *array;
    uint8_t *valid;
    void *values;
    int64_t nulls;
} column_array;

int arrow_struct(struct ArrowArray *out, memory *room, int64_t columns, int64_t rows);
int arrow_column(column_array *here, struct ArrowArray *out, int64_t rows, int64_t width);
int arrow_finish(column_array *here, void *text);
int arrow_nulls(struct ArrowArray *out, int64_t rows, int64_t width, int is_text);

enum { SLACK = 16 }; /* bytes behind a text that a copy of whole words may write */

enum { NO_MEMORY = -1, TOO_LARGE = -2 };

enum { TRIMMED = 1, LISTED = 2, AS_BYTES = 4 };

/* A text column under construction: pieces are added to a row, then the row is ended. */
typedef struct {
    column_array column;
    uint8_t *text;
    int64_t used, capacity, most, row;
    int32_t is_failed;   /* NO_MEMORY or TOO_LARGE */
} text_array;

int text_begin(text_array *here, struct ArrowArray *out, int64_t rows, int64_t bytes, int64_t most);
int text_finish(text_array *here);
int text_grow(text_array *here, int64_t bytes);
int text_values(text_array *here, const scanner *scan, const uint64_t *cells, int64_t stride, int64_t count);
int text_value(text_array *here, const scanner *scan, int64_t start, int64_t length, int32_t how);

/* Makes room for more bytes; 0 when memory or the limit is at its end. */
static inline int text_room(text_array *here, int64_t bytes) {
    return here->text && here->used + bytes <= here->capacity ? 1 : text_grow(here, bytes);
}

/* Ends a row; it is null unless it is valid. */
static inline int text_end_row(text_array *here, int is_valid) {
    if (is_valid) here->column.valid[here->row >> 3] |= (uint8_t)(1u << (here->row & 7));
    else here->column.nulls++;
    ((int32_t *)here->column.values)[++here->row] = (int32_t)here->used;
    return !here->is_failed;
}

/* Adds bytes for which there is room, with SLACK behind it; most are few, and are read at once where bytes go on. */
static inline void text_put(text_array *here, const uint8_t *from, int64_t length, const uint8_t *last) {
    uint8_t *to = here->text + here->used;
    if (length <= 16 && from <= last) memcpy(to, from, 16);
    else if (length) memcpy(to, from, (size_t)length);
    here->used += length;
}

static inline int is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t' || byte == 0x1A || byte == 0;
}

static inline void set_valid(column_array *here, int64_t row) { here->valid[row >> 3] |= (uint8_t)(1u << (row & 7)); }

#endif
