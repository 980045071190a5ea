/* SPDX-License-Identifier: Apache-2.0 */
/* The time that this process worked: tells quadratic work from a busy machine. */
#ifndef TESTS_UNIT_CPU_TIME_H
#define TESTS_UNIT_CPU_TIME_H

#include <base/num.h>
#include <time.h>

static inline int64_t cpu_time_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

#endif
