/* Segments as such: where those of the envelope stand, and every one as a row of the lossless table. */

#include "x12.h"

enum { ENVELOPE_MARK = 3 };

typedef struct { int64_t start, stop, next; } segment;

/* The next segment at or after `position`; 0 when there is none before `end`. */
static int find_segment(const uint8_t *data, int64_t position, int64_t end, uint8_t terminator, segment *found) {
    while (position < end) {
        while (position < end && is_blank(data[position]) && data[position] != terminator) position++;
        if (position >= end) return 0;
        const uint8_t *hit = memchr(data + position, terminator, (size_t)(end - position));
        int64_t stop = hit ? hit - data : end;
        found->start = position;
        found->next = position = stop + 1;
        while (stop > found->start && (data[stop - 1] == '\r' || data[stop - 1] == '\n')) stop--;
        found->stop = stop;
        if (stop > found->start) return 1;
    }
    return 0;
}

static int is_envelope(const uint8_t *data, const segment *here, uint8_t element_mark) {
    static const char *names[] = {"ST", "SE", "GS", "GE", "ISA", "IEA", "TA1"};
    uint8_t first = data[here->start];
    if (first != 'S' && first != 'G' && first != 'I' && first != 'T') return 0;
    for (int at = 0; at < 7; at++) {
        int64_t length = (int64_t)strlen(names[at]), size = here->stop - here->start;
        if (size < length || memcmp(data + here->start, names[at], (size_t)length)) continue;
        if (size == length || data[here->start + length] == element_mark) return 1;
    }
    return 0;
}

/* Number (from 0), start and end of every envelope segment from state[0] on, where the count is state[1].

   Stops when `marks` is full or `soft_end` is reached; state says where to go on. */
int64_t x12_envelope(const uint8_t *data, int64_t end, int64_t soft_end, int32_t element_mark, int32_t terminator,
                     int64_t *marks, int64_t capacity, int64_t *state) {
    int64_t found = 0;
    segment here;
    while (state[0] < soft_end && found < capacity) {
        if (!find_segment(data, state[0], end, (uint8_t)terminator, &here)) { state[0] = end; break; }
        if (is_envelope(data, &here, (uint8_t)element_mark)) {
            marks[found * ENVELOPE_MARK] = state[1];
            marks[found * ENVELOPE_MARK + 1] = here.start;
            marks[found * ENVELOPE_MARK + 2] = here.stop;
            found++;
        }
        state[0] = here.next; state[1]++;
    }
    return found;
}

/* Where the letters ISA stand first between two places; -1 when nowhere. */
int64_t x12_find_isa(const uint8_t *data, int64_t begin, int64_t end) {
    while (begin + 3 <= end) {
        const uint8_t *hit = memchr(data + begin, 'I', (size_t)(end - begin - 2));
        if (!hit) return -1;
        if (hit[1] == 'S' && hit[2] == 'A') return hit - data;
        begin = hit - data + 1;
    }
    return -1;
}

/* A run of segments under one set of separators; interchange 0 is text before the first interchange. */
typedef struct { int64_t begin, end, segment_no, interchange_no; int32_t element_mark, terminator; } span;
typedef struct { int64_t begin, end, number; } set_place;

/* Where every segment starts, its content stops and its id stops. */
typedef struct { int64_t begin, stop, id_stop; } place;
typedef struct { int64_t count, capacity; place *places; } place_list;

static int grow(place_list *list) {
    int64_t capacity = list->capacity ? list->capacity * 2 : 4096;
    place *places = realloc(list->places, (size_t)capacity * sizeof(place));
    if (!places) return 0;
    list->places = places;
    list->capacity = capacity;
    return 1;
}

static int collect(place_list *list, const uint8_t *data, const span *span) {
    int64_t position = span->begin;
    segment here;
    while (find_segment(data, position, span->end, (uint8_t)span->terminator, &here)) {
        if (list->count == list->capacity && !grow(list)) return 0;
        place *made = &list->places[list->count++];
        int64_t id_stop = here.start;
        while (id_stop < here.stop && id_stop < here.start + 3 && data[id_stop] != span->element_mark) id_stop++;
        made->begin = here.start; made->stop = here.stop; made->id_stop = id_stop;
        position = here.next;
    }
    return 1;
}

/* What the rows of one segment table are made from. */
typedef struct {
    scanner bytes;
    const span *spans;
    int64_t span_count, begin, end;
    place_list list;
    int64_t *counts;  /* [span] how many segments it has */
    int64_t lead;     /* 1 when the first row is text that stands before the first segment */
    int is_ascii;
} segments;

static int find_places(segments *all) {
    all->counts = calloc((size_t)all->span_count + 1, sizeof(int64_t));
    if (!all->counts || !grow(&all->list)) return 0;
    all->list.count = 1;  /* room for the text before the first segment */
    for (int64_t at = 0; at < all->span_count; at++) {
        int64_t before = all->list.count;
        if (!collect(&all->list, all->bytes.data, &all->spans[at])) return 0;
        all->counts[at] = all->list.count - before;
    }
    int64_t first = all->list.count > 1 ? all->list.places[1].begin : all->end;
    place lead = {all->begin, first, all->begin};
    all->list.places[0] = lead;
    all->lead = all->begin < first;
    uint8_t any = 0;
    for (int64_t at = all->begin; at < all->end; at++) any |= all->bytes.data[at];
    all->is_ascii = any < 0x80;
    return 1;
}

static const place *first_row(const segments *all) { return all->list.places + 1 - all->lead; }
static int64_t row_count(const segments *all) { return all->list.count - 1 + all->lead; }

/* Numbers that count from 1, 0 for none. */
static int finish_numbers(column_array *made, int64_t count) {
    const int64_t *values = made->values;
    for (int64_t row = 0; row < count; row++) made->nulls += values[row] == 0;
    for (int64_t row = 0; made->nulls && row < count; row++) if (values[row]) set_valid(made, row);
    return arrow_finish(made, NULL);
}

static int fill_interchanges(const segments *all, struct ArrowArray *out) {
    column_array made;
    if (!arrow_column(&made, out, row_count(all), sizeof(int64_t))) return 0;
    int64_t *values = made.values;
    if (all->lead) *values++ = 0;
    for (int64_t at = 0; at < all->span_count; at++)
        for (int64_t number = 0; number < all->counts[at]; number++) *values++ = all->spans[at].interchange_no;
    return finish_numbers(&made, row_count(all));
}

static int fill_sets(const segments *all, struct ArrowArray *out, const set_place *sets, int64_t set_count) {
    column_array made;
    const place *rows = first_row(all);
    int64_t set = 0;
    if (!arrow_column(&made, out, row_count(all), sizeof(int64_t))) return 0;
    for (int64_t row = 0; row < row_count(all); row++) {
        while (set < set_count && sets[set].end <= rows[row].begin) set++;
        int is_inside = set < set_count && sets[set].begin <= rows[row].begin;
        ((int64_t *)made.values)[row] = is_inside ? sets[set].number : 0;
    }
    return finish_numbers(&made, row_count(all));
}

/* Segment number, first byte and bytes of every row; its number is 0 for text before the first segment. */
static int fill_positions(const segments *all, struct ArrowArray **out) {
    column_array numbers, begins, lengths;
    const place *rows = first_row(all);
    int64_t count = row_count(all), row = all->lead;
    if (!arrow_column(&numbers, out[0], count, sizeof(int64_t)) || !arrow_column(&begins, out[1], count, sizeof(int64_t))
        || !arrow_column(&lengths, out[2], count, sizeof(int64_t))) return 0;
    if (all->lead) ((int64_t *)numbers.values)[0] = 0;
    for (int64_t at = 0; at < all->span_count; at++)
        for (int64_t number = 0; number < all->counts[at]; number++)
            ((int64_t *)numbers.values)[row++] = all->spans[at].segment_no + number;
    for (row = 0; row < count; row++) {
        int64_t until = row + 1 < count ? rows[row + 1].begin : all->end;
        ((int64_t *)begins.values)[row] = rows[row].begin;
        ((int64_t *)lengths.values)[row] = until - rows[row].begin;
    }
    return arrow_finish(&numbers, NULL) && arrow_finish(&begins, NULL) && arrow_finish(&lengths, NULL);
}

/* The loop of every segment inside a transaction whose loops are known: a word by its number. */
static int fill_loops(const segments *all, struct ArrowArray *out, const int32_t *loops, int64_t first_no,
                      int64_t loop_count, const int32_t *offsets, const uint8_t *words, int64_t longest) {
    text_array text;
    if (!text_begin(&text, out, row_count(all), row_count(all) * longest, INT32_MAX)) return 0;
    if (all->lead) text_end_row(&text, 0);
    for (int64_t at = 0; at < all->span_count; at++) {
        for (int64_t number = 0; number < all->counts[at]; number++) {
            int64_t place = all->spans[at].segment_no + number - first_no;
            int32_t loop = place >= 0 && place < loop_count ? loops[place] : 0;
            int64_t length = offsets[loop + 1] - offsets[loop];
            text_put(&text, words + offsets[loop], length, NULL);
            text_end_row(&text, length > 0);
        }
    }
    return text_finish(&text);
}

/* Where 16 bytes can be read at the latest. */
static const uint8_t *last_of(const segments *all) {
    return all->bytes.size >= 16 ? all->bytes.data + all->bytes.size - 16 : NULL;
}

static int fill_ids(const segments *all, struct ArrowArray *out) {
    text_array text;
    const place *rows = first_row(all);
    if (!text_begin(&text, out, row_count(all), row_count(all) * 6, INT32_MAX)) return 0;
    for (int64_t row = 0; row < row_count(all); row++) {
        const uint8_t *from = all->bytes.data + rows[row].begin;
        int64_t length = rows[row].id_stop - rows[row].begin;
        if (all->is_ascii && length && from[length - 1] != ' ') {
            text_put(&text, from, length, last_of(all));
            text_end_row(&text, 1);
        } else {
            int is_valid = length && text_value(&text, &all->bytes, rows[row].begin, length, TRIMMED);
            if (!text_end_row(&text, is_valid)) break;
        }
    }
    return text_finish(&text);
}

/* The text of every segment, what ends it, and its bytes where the text does not give them back. */
typedef struct { text_array content, ending, raw; } contents;

static void fill_plain(const segments *all, contents *made) {
    const place *rows = first_row(all);
    const uint8_t *data = all->bytes.data, *last = last_of(all);
    for (int64_t row = 0; row < row_count(all); row++) {
        int64_t until = row + 1 < row_count(all) ? rows[row + 1].begin : all->end;
        text_put(&made->content, data + rows[row].begin, rows[row].stop - rows[row].begin, last);
        text_put(&made->ending, data + rows[row].stop, until - rows[row].stop, last);
        text_end_row(&made->content, 1);
        text_end_row(&made->ending, 1);
        text_end_row(&made->raw, 0);
    }
}

static void fill_careful(const segments *all, contents *made) {
    const place *rows = first_row(all);
    for (int64_t row = 0; row < row_count(all); row++) {
        int64_t until = row + 1 < row_count(all) ? rows[row + 1].begin : all->end;
        int64_t before = made->content.used, length = rows[row].stop - rows[row].begin;
        text_value(&made->content, &all->bytes, rows[row].begin, length, 0);
        int is_exact = made->content.used - before == length
            && !(length && memcmp(made->content.text + before, all->bytes.data + rows[row].begin, (size_t)length));
        text_value(&made->ending, &all->bytes, rows[row].stop, until - rows[row].stop, AS_BYTES);
        if (!is_exact) text_value(&made->raw, &all->bytes, rows[row].begin, until - rows[row].begin, AS_BYTES);
        text_end_row(&made->content, 1);
        text_end_row(&made->ending, 1);
        text_end_row(&made->raw, !is_exact);
    }
}

static int fill_contents(const segments *all, struct ArrowArray **out) {
    contents made;
    int64_t bytes = all->end - all->begin;
    if (!text_begin(&made.content, out[0], row_count(all), bytes, INT32_MAX)) return 0;
    if (!text_begin(&made.ending, out[1], row_count(all), bytes, INT32_MAX)) return text_finish(&made.content) && 0;
    if (!text_begin(&made.raw, out[2], row_count(all), 0, INT32_MAX))
        return text_finish(&made.content) && text_finish(&made.ending) && 0;
    if (all->is_ascii) fill_plain(all, &made);
    else fill_careful(all, &made);
    int is_done = text_finish(&made.content);
    is_done &= text_finish(&made.ending);
    is_done &= text_finish(&made.raw);
    return is_done;
}

/* The rows of the segment table between `begin` and `end`: 1 when done, 0 without memory.

   Columns: interchange, transaction, loop, id, content, ending, raw, segment number, offset, length. */
int32_t x12_segments(const uint8_t *data, int64_t size, int64_t begin, int64_t end, const span *spans, int64_t span_count,
                     const int32_t *loops, int64_t first_no, int64_t loop_count,
                     const int32_t *offsets, const uint8_t *words, int64_t longest,
                     const set_place *sets, int64_t set_count, struct ArrowArray *out) {
    segments all;
    memset(&all, 0, sizeof(all));
    all.bytes.data = data; all.bytes.size = size;
    all.spans = spans; all.span_count = span_count;
    all.begin = begin; all.end = end;
    int is_done = end - begin <= INT32_MAX && find_places(&all)
        && row_count(&all) * (longest + SLACK) <= INT32_MAX && arrow_struct(out, 10, row_count(&all));
    struct ArrowArray **columns = out->children;
    is_done = is_done && fill_interchanges(&all, columns[0]) && fill_sets(&all, columns[1], sets, set_count)
        && fill_loops(&all, columns[2], loops, first_no, loop_count, offsets, words, longest) && fill_ids(&all, columns[3])
        && fill_contents(&all, columns + 4) && fill_positions(&all, columns + 7);
    if (!is_done && out->release) out->release(out);
    free(all.list.places); free(all.counts);
    return is_done;
}
