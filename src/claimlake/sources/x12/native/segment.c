/* Segments as such: where those of the envelope stand, and every one as a row of the lossless table. */

#include "x12.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

/* Whether a segment that begins here may be of the envelope, or begins after a blank, or is empty. */
static inline int needs_care(const uint8_t *at, uint8_t terminator) {
    if (at[0] == terminator) return 1;  /* which may be a letter */
    if (at[0] > 'T') return 0;
    if (at[0] == 'S' || at[0] == 'G' || at[0] == 'I') return at[1] == 'S' || at[1] == 'E' || at[1] == 'T';
    return at[0] == 'T' ? at[1] == 'A' : is_blank(at[0]);
}

#if defined(__SSE2__)
/* Which of 64 bytes are this one, a bit each. */
static inline uint64_t equal_bytes(const uint8_t *at, __m128i byte) {
    uint64_t found = 0;
    for (int part = 3; part >= 0; part--) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(at + 16 * part));
        found = found << 16 | (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(block, byte));
    }
    return found;
}
#endif

/* Behind the line ends that many files have between segments. */
static inline int64_t after_lines(const uint8_t *data, int64_t position, int64_t end, uint8_t terminator) {
    while (position < end - 2 && (data[position] == '\n' || data[position] == '\r') && data[position] != terminator) position++;
    return position;
}

/* From the start of a segment over those behind it that need no care, counting them; where the first one starts that does. */
static int64_t skip_plain(const uint8_t *data, int64_t position, int64_t end, uint8_t terminator, int64_t *count) {
    int64_t start = position = after_lines(data, position, end, terminator);
    if (end - position < 2 || needs_care(data + position, terminator)) return position;
#if defined(__SSE2__)
    const __m128i terminators = _mm_set1_epi8((char)terminator);
    for (; end - position >= 66; position += 64) {
        for (uint64_t stops = equal_bytes(data + position, terminators); stops; stops &= stops - 1) {
            start = position + __builtin_ctzll(stops) + 1;
            (*count)++;
            start = after_lines(data, start, end, terminator);
            if (needs_care(data + start, terminator)) return start;
        }
    }
#endif
    return start;
}

/* Number (from 0), start and end of every envelope segment from state[0] on, where the count is state[1].

   Stops when `marks` is full or `soft_end` is reached; state says where to go on. */
X12_API int64_t x12_envelope(const uint8_t *data, int64_t end, int64_t soft_end, int32_t element_mark, int32_t terminator,
                     int64_t *marks, int64_t capacity, int64_t *state) {
    int64_t found = 0;
    segment here;
    while (state[0] < soft_end && found < capacity) {
        state[0] = skip_plain(data, state[0], soft_end < end ? soft_end : end, (uint8_t)terminator, &state[1]);
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
X12_API int64_t x12_find_isa(const uint8_t *data, int64_t begin, int64_t end) {
#if defined(__SSE2__)
    const __m128i first = _mm_set1_epi8('I'), second = _mm_set1_epi8('S'), third = _mm_set1_epi8('A');
    for (; end - begin >= 18; begin += 16) {
        const uint8_t *at = data + begin;
        __m128i is_first = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)at), first);
        __m128i is_second = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(at + 1)), second);
        __m128i is_third = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)(at + 2)), third);
        uint32_t hits = (uint32_t)_mm_movemask_epi8(_mm_and_si128(_mm_and_si128(is_first, is_second), is_third));
        if (hits) return begin + __builtin_ctz(hits);
    }
#endif
    for (; begin + 3 <= end; begin++)
        if (data[begin] == 'I' && data[begin + 1] == 'S' && data[begin + 2] == 'A') return begin;
    return -1;
}

/* A run of segments under one set of separators; interchange 0 is text before the first interchange. */
typedef struct { int64_t begin, end, segment_no, interchange_no; int32_t element_mark, terminator; } span;
typedef struct { int64_t begin, end, number; } set_place;

/* What a segment table is asked for: bytes and the part of them, runs, loops by segment number, transactions. */
typedef struct {
    const uint8_t *data;
    int64_t size, begin, end;
    const span *spans;
    int64_t span_count;
    const int32_t *loops;    /* [segment number - first_no] number of a word */
    int64_t first_no, loop_count;
    const int32_t *offsets;  /* of the words */
    const uint8_t *words;
    int64_t longest_word;
    const set_place *sets;
    int64_t set_count;
} asked;

enum { INTERCHANGE, SET, LOOP, ID, CONTENT, ENDING, RAW, NUMBER, OFFSET, BYTES, COLUMNS };

/* The rows of one segment table under construction. */
typedef struct {
    const asked *asked;
    scanner bytes;
    const uint8_t *last;  /* where 16 bytes can be read at the latest, NULL when nowhere */
    int64_t row, set;
    int is_ascii;
    column_array interchanges, sets, numbers, offsets, lengths;
    text_array loops, ids, contents, endings, raws;
} segments;

/* At most how many rows there are: text before the first segment, and all that a terminator or a run's end ends. */
static int64_t most_rows(const asked *asked) {
    int64_t found = 1;
    for (const span *here = asked->spans; here < asked->spans + asked->span_count; here++) {
        uint8_t terminator = (uint8_t)here->terminator;
        found++;
        for (int64_t at = here->begin; at < here->end; at++) found += asked->data[at] == terminator;
    }
    return found;
}

static int is_all_ascii(const asked *asked) {
    uint8_t any = 0;
    for (int64_t at = asked->begin; at < asked->end; at++) any |= asked->data[at];
    return any < 0x80;
}

static int begin_columns(segments *all, struct ArrowArray **out, int64_t rows) {
    const asked *asked = all->asked;
    return arrow_column(&all->interchanges, out[INTERCHANGE], rows, sizeof(int32_t))
        && arrow_column(&all->sets, out[SET], rows, sizeof(int32_t))
        && arrow_column(&all->numbers, out[NUMBER], rows, sizeof(int64_t))
        && arrow_column(&all->offsets, out[OFFSET], rows, sizeof(int64_t))
        && arrow_column(&all->lengths, out[BYTES], rows, sizeof(int64_t))
        && text_begin(&all->loops, out[LOOP], rows, rows * asked->longest_word, INT32_MAX)
        && text_begin(&all->ids, out[ID], rows, rows * 6, INT32_MAX)
        && text_begin(&all->endings, out[ENDING], rows, rows * 2, INT32_MAX)
        && (all->is_ascii || text_begin(&all->raws, out[RAW], rows, 0, INT32_MAX))
        && text_begin(&all->contents, out[CONTENT], rows, asked->end - asked->begin, INT32_MAX);
}

static void put_number(column_array *made, int64_t row, int64_t number) {
    ((int32_t *)made->values)[row] = (int32_t)number;
    if (number) set_valid(made, row);
    else made->nulls++;
}

/* The number of the transaction that a place stands in, 0 for none. */
static int64_t set_at(segments *all, int64_t begin) {
    const asked *asked = all->asked;
    while (all->set < asked->set_count && asked->sets[all->set].end <= begin) all->set++;
    return all->set < asked->set_count && asked->sets[all->set].begin <= begin ? asked->sets[all->set].number : 0;
}

static void put_loop(segments *all, int64_t number) {
    const asked *asked = all->asked;
    int64_t place = number - asked->first_no;
    int32_t loop = number && place >= 0 && place < asked->loop_count ? asked->loops[place] : 0;
    int64_t length = asked->offsets[loop + 1] - asked->offsets[loop];
    text_put(&all->loops, asked->words + asked->offsets[loop], length, NULL);
    text_end_row(&all->loops, length > 0);
}

static int put_id(segments *all, const segment *here, uint8_t element_mark) {
    const uint8_t *from = all->bytes.data + here->start;
    int64_t length = 0, most = here->stop - here->start < 3 ? here->stop - here->start : 3;
    while (length < most && from[length] != element_mark) length++;
    if (all->is_ascii && length && from[length - 1] != ' ') {
        text_put(&all->ids, from, length, all->last);
        return text_end_row(&all->ids, 1);
    }
    return text_end_row(&all->ids, length && text_value(&all->ids, &all->bytes, here->start, length, TRIMMED));
}

/* The bytes of a segment up to where the next one starts: its text, what ends it, and all where the text does not give them back. */
static int put_bytes(segments *all, const segment *here) {
    const uint8_t *data = all->bytes.data;
    int64_t before = all->contents.used, length = here->stop - here->start;
    int is_exact = 1;
    if (all->is_ascii) {
        text_put(&all->contents, data + here->start, length, all->last);
    } else {
        text_value(&all->contents, &all->bytes, here->start, length, 0);
        is_exact = all->contents.used - before == length
            && !(length && memcmp(all->contents.text + before, data + here->start, (size_t)length));
    }
    if (!text_room(&all->endings, here->next - here->stop)) return 0;
    text_put(&all->endings, data + here->stop, here->next - here->stop, all->last);
    if (!is_exact) text_value(&all->raws, &all->bytes, here->start, here->next - here->start, AS_BYTES);
    if (!all->is_ascii && !text_end_row(&all->raws, !is_exact)) return 0;
    return text_end_row(&all->contents, 1) && text_end_row(&all->endings, 1);
}

/* One row; `next` of the segment is where the row after it begins. */
static int put_row(segments *all, const segment *here, const span *span, int64_t number) {
    put_number(&all->interchanges, all->row, span ? span->interchange_no : 0);
    put_number(&all->sets, all->row, set_at(all, here->start));
    ((int64_t *)all->numbers.values)[all->row] = number;
    ((int64_t *)all->offsets.values)[all->row] = here->start;
    ((int64_t *)all->lengths.values)[all->row] = here->next - here->start;
    put_loop(all, number);
    if (span ? !put_id(all, here, (uint8_t)span->element_mark) : !text_end_row(&all->ids, 0)) return 0;
    all->row++;
    return put_bytes(all, here);
}

/* Every segment, each when the start of the next one is known; what stands before the first is a row without a number. */
static int put_rows(segments *all) {
    const asked *asked = all->asked;
    segment here = {asked->begin, asked->begin, asked->begin}, next;
    const span *of_here = NULL;
    int64_t number = 0;
    for (const span *span = asked->spans; span < asked->spans + asked->span_count; span++) {
        int64_t position = span->begin, next_no = span->segment_no;
        for (; find_segment(asked->data, position, span->end, (uint8_t)span->terminator, &next); position = next.next) {
            int64_t after = next.next;
            here.next = next.start;
            if (!of_here) here.stop = next.start;
            if ((of_here || here.start < here.next) && !put_row(all, &here, of_here, number)) return 0;
            here = next; here.next = after;
            of_here = span; number = next_no++;
        }
    }
    here.next = asked->end;
    if (!of_here) here.stop = asked->end;
    return !(of_here || here.start < here.next) || put_row(all, &here, of_here, number);
}

static int finish_columns(segments *all, struct ArrowArray *out) {
    out->length = all->row;  /* not more than there was room for */
    for (int64_t column = 0; column < COLUMNS; column++) out->children[column]->length = all->row;
    return arrow_finish(&all->interchanges, NULL) && arrow_finish(&all->sets, NULL) && arrow_finish(&all->numbers, NULL)
        && arrow_finish(&all->offsets, NULL) && arrow_finish(&all->lengths, NULL) && text_finish(&all->contents)
        && text_finish(&all->loops) && text_finish(&all->ids) && text_finish(&all->endings)
        && (all->is_ascii ? arrow_nulls(out->children[RAW], all->row, sizeof(int32_t), 1) : text_finish(&all->raws));
}

/* The rows of the segment table between two places: 1 when done, 0 without memory.

   Columns: interchange, transaction, loop, id, content, ending, raw, segment number, offset, length. */
X12_API int32_t x12_segments(const asked *asked, struct ArrowArray *out) {
    segments all;
    int64_t rows = most_rows(asked);
    memory *room = memory_open((asked->end - asked->begin) * 4);
    memset(&all, 0, sizeof(all));
    all.asked = asked;
    all.bytes.data = asked->data; all.bytes.size = asked->size;
    all.last = asked->size >= 16 ? asked->data + asked->size - 16 : NULL;
    all.is_ascii = is_all_ascii(asked);
    int is_done = room && asked->end - asked->begin <= INT32_MAX && rows * (asked->longest_word + SLACK) <= INT32_MAX
        && arrow_struct(out, room, COLUMNS, rows) && begin_columns(&all, out->children, rows)
        && put_rows(&all) && finish_columns(&all, out);
    if (!is_done && out->release) out->release(out);
    if (room) memory_leave(room);
    return is_done;
}
