/* Values and envelopes of X12 in plain C: exact decimals, days, text, and where the envelope segments stand.

   Bounds come from a scan of the same bytes; nothing is read outside them. */

#include <stdint.h>
#include <string.h>

static int is_blank(uint8_t byte) {
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t' || byte == 0x1A || byte == 0;
}

/* Changes whenever a signature or a structure does; a library of another version is not used. */
int32_t x12_version(void) { return 2; }

/* Envelope segments: number (from 0), start and end of every ISA, GS, ST, SE, GE, IEA and TA1; counts all segments. */
int64_t x12_envelope(const uint8_t *data, int64_t begin, int64_t end, int32_t element_mark, int32_t terminator,
                     int64_t *marks, int64_t capacity, int64_t *state) {
    static const char *names[] = {"ST", "SE", "GS", "GE", "ISA", "IEA", "TA1"};
    int64_t found = 0, position = state[0] > begin ? state[0] : begin, number = state[1];
    while (position < end && found < capacity) {
        while (position < end && is_blank(data[position]) && data[position] != terminator) position++;
        if (position >= end) break;
        const uint8_t *hit = memchr(data + position, terminator, (size_t)(end - position));
        int64_t stop = hit ? hit - data : end, next = stop + 1;
        while (stop > position && (data[stop - 1] == '\r' || data[stop - 1] == '\n')) stop--;
        if (stop > position) {
            uint8_t first = data[position];
            int is_candidate = first == 'S' || first == 'G' || first == 'I' || first == 'T';
            for (int at = 0; is_candidate && at < 7; at++) {
                int64_t length = (int64_t)strlen(names[at]);
                if (stop - position < length || memcmp(data + position, names[at], (size_t)length)) continue;
                if (stop - position > length && data[position + length] != element_mark) continue;
                marks[found * 3] = number; marks[found * 3 + 1] = position; marks[found * 3 + 2] = stop;
                found++;
                break;
            }
            number++;
        }
        position = next;
    }
    state[0] = position; state[1] = number;
    return found;
}

/* Exact decimals: the value in units of 10^-places. status: 0 null, 1 good, 2 not such a number. */
void x12_decimal(const uint8_t *data, const int64_t *start, const int64_t *end, int64_t count, int32_t places,
                 int64_t *out, uint8_t *status) {
    for (int64_t row = 0; row < count; row++) {
        const uint8_t *at = data + start[row], *stop = data + end[row];
        int64_t number = 0;
        int32_t after = -1, digits = 0, is_bad = 0;
        out[row] = 0;
        status[row] = at < stop;
        if (at >= stop) continue;
        int is_negative = *at == '-';
        if (is_negative || *at == '+') at++;
        for (; at < stop && !is_bad; at++) {
            uint8_t digit = (uint8_t)(*at - '0');
            if (digit <= 9) {
                digits++;
                if (after >= places) { is_bad = digit != 0; continue; }
                if (number > 99999999999999999ll) { is_bad = 1; continue; }
                number = number * 10 + digit;
                if (after >= 0) after++;
            } else if (*at == '.' && after < 0) {
                after = 0;
            } else {
                is_bad = 1;
            }
        }
        if (!digits) is_bad = 1;
        for (int32_t missing = places - (after > 0 ? after : 0); missing > 0 && !is_bad; missing--) {
            if (number > 99999999999999999ll) is_bad = 1;
            number *= 10;
        }
        if (is_bad) { status[row] = 2; continue; }
        out[row] = is_negative ? -number : number;
    }
}

static int32_t digits_at(const uint8_t *at, int32_t count) {
    int32_t number = 0;
    for (int32_t offset = 0; offset < count; offset++) {
        uint8_t digit = (uint8_t)(at[offset] - '0');
        if (digit > 9) return -1;
        number = number * 10 + digit;
    }
    return number;
}

/* Days since 1970 of CCYYMMDD (or YYMMDD of 1950 to 2049), of the first or the last day of a range. */
void x12_day(const uint8_t *data, const int64_t *start, const int64_t *end, int64_t count, int32_t is_last,
             int32_t *out, uint8_t *status) {
    static const int32_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    for (int64_t row = 0; row < count; row++) {
        const uint8_t *at = data + start[row], *stop = data + end[row], *dash = at + 6;
        out[row] = 0;
        status[row] = at < stop;
        if (at >= stop) continue;
        while (dash < stop && dash < at + 12 && *dash != '-') dash++;
        if (dash < stop && dash < at + 12) { if (is_last) at = dash + 1; else stop = dash; }
        int64_t length = stop - at;
        int32_t year = -1, rest = -1;
        if (length == 6) {
            year = digits_at(at, 2); rest = digits_at(at + 2, 4);
            if (year >= 0) year += year < 50 ? 2000 : 1900;
        } else if (length >= 8) {
            year = digits_at(at, 4); rest = digits_at(at + 4, 4);
        }
        int32_t month = rest / 100, day = rest % 100;
        int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        status[row] = 2;
        if (year < 1 || rest < 0 || month < 1 || month > 12 || day < 1) continue;
        if (day > before[month] - before[month - 1] + (month == 2 && is_leap)) continue;
        int64_t years = year - 1;
        out[row] = (int32_t)(years * 365 + years / 4 - years / 100 + years / 400 + before[month - 1] + (month > 2 && is_leap) + day - 719163);
        status[row] = 1;
    }
}

/* Trims trailing blanks and sums lengths: offsets[count + 1]. Returns the total, or -1 when it does not fit 31 bits. */
int64_t x12_lengths(const uint8_t *data, const int64_t *start, int64_t *end, int64_t count, int32_t *offsets) {
    int64_t total = 0;
    for (int64_t row = 0; row < count; row++) {
        offsets[row] = (int32_t)total;
        while (end[row] > start[row] && data[end[row] - 1] == ' ') end[row]--;
        if (end[row] > start[row]) total += end[row] - start[row];
        if (total > INT32_MAX) return -1;
    }
    offsets[count] = (int32_t)total;
    return total;
}

/* Copies the values behind one another; returns whether any byte is outside ASCII. */
int32_t x12_gather(const uint8_t *data, const int64_t *start, const int64_t *end, int64_t count, uint8_t *out) {
    uint64_t any = 0;
    for (int64_t row = 0; row < count; row++) {
        int64_t at = start[row], length = end[row] - at;
        for (; length >= 8; length -= 8, at += 8, out += 8) {
            uint64_t word;
            memcpy(&word, data + at, 8);
            memcpy(out, &word, 8);
            any |= word;
        }
        for (; length > 0; length--) {
            any |= data[at];
            *out++ = data[at++];
        }
    }
    return (any & 0x8080808080808080ull) != 0;
}
