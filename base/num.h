/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict numbers: the whole text, a range, no blanks, no sign unless said. The only place where
 * digits become numbers.
 */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <base/arena.h>
#include <base/err.h>
#include <base/str.h>
#include <stdint.h>

enum { NS_PER_US = 1000, NS_PER_MS = 1000000 };
#define NS_PER_S INT64_C(1000000000)

int num_u64(
	struct str s, uint64_t max, uint64_t *ret, struct err *err); /* decimal digits only */
int num_i64(struct str s, int64_t min, int64_t max, int64_t *ret,
	struct err *err); /* optional '-' */
int num_octal(struct str s, uint64_t max, uint64_t *ret, struct err *err);

/*
 * Go's time.ParseDuration: [-+]?([0-9]*(\.[0-9]*)?[a-z]+)+ with units ns us µs ms s m h; "0"
 * needs no unit. Messages are Go's: `time: unknown unit " minutes" in duration "10 minutes"`.
 */
int num_duration(struct str s, int64_t *ret_ns, struct err *err);
/* Go's Duration.String(): 1h0m0s, 1m30s, 4s, 1.5s, 300ms, 0s. */
struct str num_duration_text(struct arena *a, int64_t ns);

/* Kubernetes resource.Quantity: memory and the like in whole units, rounded up (64Mi, 1G, 1e3,
 * 0.5). */
int num_quantity(struct str s, int64_t *ret_units, struct err *err);
/* The same in thousandths (cpu: 500m, 0.1, 2). */
int num_quantity_milli(struct str s, int64_t *ret_milli, struct err *err);

#endif
