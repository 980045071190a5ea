/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 (FIPS 180-4), for names that Tekton makes with it; nothing here is a secret. */
#ifndef AGENT_SHA256_H
#define AGENT_SHA256_H

#include <base/arena.h>
#include <base/str.h>
#include <stdint.h>

enum { SHA256_BYTES = 32 };

void sha256_of(struct str s, unsigned char ret[SHA256_BYTES]);
/* The first n_digits of it in lower-case hexadecimal, at most 64. */
struct str sha256_hex(struct arena *a, struct str s, size_t n_digits);

#endif
