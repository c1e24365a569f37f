/* Values of X12 in plain C: exact decimals, days, moments. 1 is good, 2 is no such value; an empty one is the caller's. */

#ifndef X12_VALUE_H
#define X12_VALUE_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define IS_LITTLE 1
#else
#define IS_LITTLE 0
#endif

/* Any decimal number, in units of 10^-places. */
static int any_decimal(const uint8_t *at, const uint8_t *stop, int32_t places, int64_t *out) {
    int64_t number = 0;
    int32_t after = -1, digits = 0;
    int is_negative = *at == '-';
    if (is_negative || *at == '+') at++;
    for (; at < stop; at++) {
        uint8_t digit = (uint8_t)(*at - '0');
        if (digit <= 9) {
            digits++;
            if (after >= places) { if (digit) return 2; continue; }
            if (number > 99999999999999999ll) return 2;
            number = number * 10 + digit;
            if (after >= 0) after++;
        } else if (*at == '.' && after < 0) {
            after = 0;
        } else {
            return 2;
        }
    }
    if (!digits) return 2;
    for (int32_t missing = places - (after > 0 ? after : 0); missing > 0; missing--) {
        if (number > 99999999999999999ll) return 2;
        number *= 10;
    }
    *out = is_negative ? -number : number;
    return 1;
}

/* The value in units of 10^-places; the usual ones, of up to 13 digits, take the short way. */
static inline int x12_decimal(const uint8_t *at, const uint8_t *stop, int32_t places, int64_t *out) {
    static const int64_t powers[] = {1, 10, 100, 1000, 10000};
    const uint8_t *here = at + (*at == '-'), *first = here;
    int64_t number = 0;
    int32_t after = 0;
    if (stop - at > 14 || places > 4) return any_decimal(at, stop, places, out);
    for (; here < stop && (uint8_t)(*here - '0') <= 9; here++) number = number * 10 + (*here - '0');
    int64_t digits = here - first;
    if (here < stop && *here == '.') {
        for (here++; here < stop && after < places && (uint8_t)(*here - '0') <= 9; here++, after++)
            number = number * 10 + (*here - '0');
    }
    if (here < stop || digits + after == 0) return any_decimal(at, stop, places, out);
    number *= powers[places - after];
    *out = *at == '-' ? -number : number;
    return 1;
}

static inline int32_t digits_at(const uint8_t *at, const uint8_t *stop, int32_t count) {
    int32_t number = 0;
    if (stop - at < count) return -1;
    for (int32_t offset = 0; offset < count; offset++) {
        uint8_t digit = (uint8_t)(at[offset] - '0');
        if (digit > 9) return -1;
        number = number * 10 + digit;
    }
    return number;
}

/* Eight digits at once; -1 where they are none. */
static inline int32_t eight_digits(const uint8_t *at) {
    uint64_t word;
    memcpy(&word, at, 8);
    if ((word & 0xF0F0F0F0F0F0F0F0ull) != 0x3030303030303030ull
        || ((word + 0x0606060606060606ull) & 0xF0F0F0F0F0F0F0F0ull) != 0x3030303030303030ull) return -1;
    word = (word & 0x0F0F0F0F0F0F0F0Full) * 2561 >> 8;
    word = (word & 0x00FF00FF00FF00FFull) * 6553601 >> 16;
    return (int32_t)((word & 0x0000FFFF0000FFFFull) * 42949672960001ull >> 32);
}

/* Days since 1970 of CCYYMMDD, or YYMMDD of 1950 to 2049. */
static inline int calendar(const uint8_t *at, const uint8_t *stop, int32_t *out) {
    static const int32_t before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int64_t length = stop - at;
    int32_t year = -1, rest = -1;
    if (IS_LITTLE && length >= 8) {
        int32_t digits = eight_digits(at);
        if (digits < 0) return 2;
        year = digits / 10000; rest = digits % 10000;
    } else if (length == 6) {
        year = digits_at(at, stop, 2); rest = digits_at(at + 2, stop, 4);
        if (year >= 0) year += year < 50 ? 2000 : 1900;
    } else if (length >= 8) {
        year = digits_at(at, stop, 4); rest = digits_at(at + 4, stop, 4);
    }
    if (year < 1 || rest < 0) return 2;
    int32_t month = rest / 100, day = rest % 100;
    int is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    if (month < 1 || month > 12 || day < 1) return 2;
    if (day > before[month] - before[month - 1] + (month == 2 && is_leap)) return 2;
    int64_t years = year - 1;
    *out = (int32_t)(years * 365 + years / 4 - years / 100 + years / 400 + before[month - 1]
                     + (month > 2 && is_leap) + day - 719163);
    return 1;
}

/* The first or the last day of a day or a range of days. */
static inline int x12_day(const uint8_t *at, const uint8_t *stop, int is_last, int32_t *out) {
    const uint8_t *dash = at + 6;
    if (stop - at == 8 && at[6] != '-' && at[7] != '-') return calendar(at, stop, out);
    while (dash < stop && dash < at + 12 && *dash != '-') dash++;
    if (dash < stop && dash < at + 12) { if (is_last) at = dash + 1; else stop = dash; }
    return calendar(at, stop, out);
}

/* Microseconds since 1970 of a day and the time in the element behind it: HHMM, HHMMSS or longer; no time is midnight. */
static inline int x12_moment(const uint8_t *at, const uint8_t *stop, int64_t *out) {
    const uint8_t *mark = at + 8;
    int32_t day;
    if (stop - at > 6 && (uint8_t)(at[6] - '0') > 9) mark = at + 6;
    if (mark > stop) mark = stop;
    if (calendar(at, mark, &day) == 2) return 2;
    int64_t length = stop - mark - 1, seconds = 0;
    int32_t clock = length >= 4 ? digits_at(mark + 1, stop, 4) : -1;
    if (clock >= 0 && clock / 100 < 24 && clock % 100 < 60) {
        seconds = (clock / 100 * 60 + clock % 100) * 60;
        int32_t second = length >= 6 ? digits_at(mark + 5, stop, 2) : -1;
        if (second >= 0 && second < 60) seconds += second;
    }
    *out = (day * 86400ll + seconds) * 1000000ll;
    return 1;
}

#endif
