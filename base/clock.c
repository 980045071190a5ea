/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the clocks, and RFC 3339. */
#include <base/clock.h>

#include <base/num.h>
#include <time.h>

static int64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	BUG_ON(clock_gettime(id, &ts) != 0);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int64_t clock_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t clock_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

int64_t clock_span_ns(int64_t from_ns, int64_t to_ns)
{
	int64_t span;

	if (__builtin_sub_overflow(to_ns, from_ns, &span))
		return to_ns > from_ns ? INT64_MAX : INT64_MIN;
	return span;
}

static struct str clock_text(struct arena *a, int64_t wall_ns, bool with_ms)
{
	int64_t seconds = wall_ns / NS_PER_S;
	int64_t rest = wall_ns % NS_PER_S;
	struct tm tm;
	time_t t;
	struct str s;

	if (rest < 0) {
		seconds--;
		rest += NS_PER_S;
	}
	t = (time_t)seconds;
	BUG_ON(!gmtime_r(&t, &tm));
	s = arena_printf(a, "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900, tm.tm_mon + 1,
		tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (!with_ms)
		return arena_printf(a, "%sZ", s.p);
	return arena_printf(a, "%s.%03dZ", s.p, (int)(rest / NS_PER_MS));
}

struct str clock_rfc3339(struct arena *a, int64_t wall_ns)
{
	return clock_text(a, wall_ns, false);
}

struct str clock_rfc3339_ms(struct arena *a, int64_t wall_ns)
{
	return clock_text(a, wall_ns, true);
}

/* Takes n digits and, unless it is 0, the character behind them from the front of *s. */
static int clock_field(
	struct str *s, size_t n, char behind, int64_t min, int64_t max, int64_t *ret)
{
	size_t used = n + (behind ? 1 : 0);
	uint64_t v;

	if (s->n < used || (behind && s->p[n] != behind))
		return -1;
	if (num_u64(str_slice(*s, 0, n), (uint64_t)max, &v, NULL) < 0 || (int64_t)v < min)
		return -1;
	*s = str_slice(*s, used, s->n);
	*ret = (int64_t)v;
	return 0;
}

/* .573 and the like, in nanoseconds; further digits are read and dropped. */
static int clock_fraction(struct str *s, int64_t *ret_ns)
{
	int64_t unit = NS_PER_S / 10;
	int64_t ns = 0;
	size_t i = 1;

	for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
		ns += (s->p[i] - '0') * unit;
		unit /= 10;
	}
	if (i == 1)
		return -1;
	*s = str_slice(*s, i, s->n);
	*ret_ns = ns;
	return 0;
}

/* Z, or +hh:mm. */
static int clock_zone(struct str s, int64_t *ret_seconds)
{
	int64_t hours;
	int64_t minutes;
	bool west;

	if (str_eq(s, STR("Z"))) {
		*ret_seconds = 0;
		return 0;
	}
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-'))
		return -1;
	west = s.p[0] == '-';
	s = str_slice(s, 1, s.n);
	if (clock_field(&s, 2, ':', 0, 23, &hours) < 0 ||
		clock_field(&s, 2, '\0', 0, 59, &minutes) < 0)
		return -1;
	*ret_seconds = (hours * 3600 + minutes * 60) * (west ? -1 : 1);
	return 0;
}

static int64_t clock_month_days(int64_t year, int64_t month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

int clock_parse_rfc3339(struct str s, int64_t *ret_wall_ns)
{
	int64_t year, month, day, hour, minute, second;
	int64_t ns = 0;
	int64_t zone;
	struct tm tm;
	int64_t at;

	if (clock_field(&s, 4, '-', 0, 9999, &year) < 0 ||
		clock_field(&s, 2, '-', 1, 12, &month) < 0 ||
		clock_field(&s, 2, 'T', 1, clock_month_days(year, month), &day) < 0 ||
		clock_field(&s, 2, ':', 0, 23, &hour) < 0 ||
		clock_field(&s, 2, ':', 0, 59, &minute) < 0 ||
		clock_field(&s, 2, '\0', 0, 59, &second) < 0)
		return -1;
	if (s.n && s.p[0] == '.' && clock_fraction(&s, &ns) < 0)
		return -1;
	if (clock_zone(s, &zone) < 0)
		return -1;
	tm = (struct tm){
		.tm_year = (int)year - 1900,
		.tm_mon = (int)month - 1,
		.tm_mday = (int)day,
		.tm_hour = (int)hour,
		.tm_min = (int)minute,
		.tm_sec = (int)second,
	};
	at = (int64_t)timegm(&tm) - zone;
	if (__builtin_mul_overflow(at, NS_PER_S, &at) || __builtin_add_overflow(at, ns, &at))
		return -1;
	*ret_wall_ns = at;
	return 0;
}
