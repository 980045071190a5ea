/* SPDX-License-Identifier: Apache-2.0 */
/* Time. Deadlines are monotonic, records are wall clock; both are int64_t nanoseconds. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <base/arena.h>
#include <base/str.h>
#include <stdint.h>

int64_t clock_mono_ns(void);
int64_t clock_wall_ns(void);
/* RFC 3339 in UTC: 2026-11-22T12:08:43Z, and with milliseconds 2026-11-22T12:08:43.573Z. */
struct str clock_rfc3339(struct arena *a, int64_t wall_ns);
struct str clock_rfc3339_ms(struct arena *a, int64_t wall_ns);
/* From one time to another; what is further away than 292 years is that far. */
int64_t clock_span_ns(int64_t from_ns, int64_t to_ns);
int clock_parse_rfc3339(struct str s, int64_t *ret_wall_ns); /* 0 or -1 */

#endif
