/* The columns of a table, and how one is filled from the notes of a scan. */

#ifndef X12_TABLE_H
#define X12_TABLE_H

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
    const struct dictionary *of_state; /* [argument] a text for every state */
} table;

typedef struct dictionary { const int32_t *offsets; const uint8_t *bytes; } dictionary;

/* What the rows of one reading have in common. */
typedef struct {
    int64_t set_count;
    const int64_t *numbers;            /* [level] rows before these */
    const int64_t *set_numbers;        /* [set] number of the transaction in the file */
    const int64_t *set_lengths;        /* [set] its bytes */
    const uint8_t *keep;               /* [set] whether its rows are wanted; NULL for all */
    const dictionary *of_set;          /* [fact] a text for every set */
    int64_t *const *ordinals;          /* [table][column] where ordinals go on that are read in pieces; NULL for none */
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
    int64_t *ordinals;      /* [column] of this table, or NULL */
    issues *told;
    int64_t most_text;
    int32_t is_failed;      /* NO_MEMORY or TOO_LARGE */
} filling;

int fill_element(filling *fill, int64_t number, struct ArrowArray *out);
int fill_ordinal(filling *fill, int64_t number, struct ArrowArray *out);
int fill_dictionary(filling *fill, int64_t number, struct ArrowArray *out);
int fill_list(filling *fill, int64_t number, struct ArrowArray *out);
int fill_tally(filling *fill, int64_t number, struct ArrowArray *out);
int fill_counted(filling *fill, int64_t number, struct ArrowArray *out);
int is_code(const filling *fill, int32_t first, int32_t count, const uint8_t *at, int64_t length);
int tell(filling *fill, int64_t column, int64_t row, int64_t kind);

static inline int64_t set_of(const filling *fill, int64_t row) { return fill->level->parents[row * fill->level->loops]; }

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

static inline int64_t width_of(int32_t type) { return type == DECIMAL ? 16 : type == INT32 || type == DAY ? 4 : 8; }

/* Ends a column of text; 0, and why, when it could not be filled. */
static inline int finish_text(filling *fill, text_array *text) {
    if (text->is_failed) fill->is_failed = text->is_failed;
    return text_finish(text);
}

#endif
