/* Columns that are not one element: numbers, positions, words by place, lists and counts. */

#include "table.h"

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

int fill_counted(filling *fill, int64_t number, struct ArrowArray *out) {
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
int fill_ordinal(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    const level *here = fill->level;
    column_array made;
    int64_t ordinal = fill->ordinals ? fill->ordinals[number] : 0;
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
    if (fill->ordinals) fill->ordinals[number] = is_same ? ordinal : 0;
    return arrow_finish(&made, NULL);
}

/* A text of a dictionary: by the transaction set of the row, or by the loop it stands in. */
int fill_dictionary(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    const dictionary *words = column->source == OF_SET ? &fill->setting->of_set[column->argument] : &fill->table->of_state[column->argument];
    text_array text;
    if (!text_begin(&text, out, fill->count, fill->count * 16, fill->most_text)) return finish_text(fill, &text);
    for (int64_t row = 0; row < fill->count; row++) {
        int64_t at = column->source == OF_SET ? set_of(fill, fill->rows[row]) : fill->level->places[fill->rows[row] * PLACE + 3];
        int64_t start = words->offsets[at], length = words->offsets[at + 1] - start;
        if (length && text_room(&text, length)) {
            memcpy(text.text + text.used, words->bytes + start, (size_t)length);
            text.used += length;
        }
        if (!text_end_row(&text, length > 0)) break;
    }
    return finish_text(fill, &text);
}

/* Whether a sum is beyond its column's type; where the rough one is not far beyond, the other has lost nothing. */
static int is_beyond(const column *column, double rough, int64_t sum) {
    int64_t most = most_of(column);
    return rough > 2.0 * (double)most || rough < -2.0 * (double)most || sum > most || sum < -most;
}

/* Every value that a row's list has: as one text, or as one sum. */
int fill_list(filling *fill, int64_t number, struct ArrowArray *out) {
    const column *column = &fill->table->column[number];
    const list *here = &fill->scan->lists[column->argument];
    text_array text;
    column_array made;
    int64_t at = 0;
    int is_text = column->source == JOINED;
    if (is_text && !text_begin(&text, out, fill->count, here->count * 8, fill->most_text)) return finish_text(fill, &text);
    if (!is_text && !arrow_column(&made, out, fill->count, width_of(column->type))) return 0;
    for (int64_t row = 0; row < fill->count; row++) {
        int64_t sum = 0, has_any = 0, is_bad = 0;
        double rough = 0;
        while (at < here->count && here->rows[at] < fill->rows[row]) at++;
        for (; at < here->count && here->rows[at] == fill->rows[row]; at++) {
            int64_t start = (int64_t)(here->cells[at] >> 24), length = (int64_t)(here->cells[at] & LONGEST), value = 0;
            if (length > LONGEST_TEXT) { is_bad = 1; continue; }
            if (is_text) { has_any |= text_value(&text, fill->scan, start, length, LISTED); continue; }
            int status = convert(column->type, column, fill->scan->data + start, fill->scan->data + start + length, &value);
            if (status == 1) has_any = 1;
            else is_bad = 1;
            sum = (int64_t)((uint64_t)sum + (uint64_t)value);
            rough += (double)value;
        }
        if (!is_text && is_beyond(column, rough, sum)) { is_bad = 1; sum = has_any = 0; }
        if (is_bad && !tell(fill, number, row, IS_BAD)) return 0;
        if (is_text) { if (!text_end_row(&text, (int)has_any)) break; continue; }
        set_value(&made, column->type, row, sum);
        if (has_any) set_valid(&made, row);
        else made.nulls++;
    }
    return is_text ? finish_text(fill, &text) : arrow_finish(&made, NULL);
}

int fill_tally(filling *fill, int64_t number, struct ArrowArray *out) {
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

