/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sums that Tekton makes names with; nothing here is a secret or proves anything. They are
 * made here because libcrypto reads a configuration file before its first sum, and this folder
 * makes no system call.
 */
#ifndef AGENT_HASH_H
#define AGENT_HASH_H

#include <base/arena.h>
#include <base/str.h>
#include <stdint.h>

enum { MD5_BYTES = 16, SHA256_BYTES = 32 };

void md5_of(struct str s, unsigned char ret[MD5_BYTES]);
/* The first n_digits of the sum in lower-case hexadecimal: at most 32, or 64. */
struct str md5_hex(struct arena *a, struct str s, size_t n_digits);
struct str sha256_hex(struct arena *a, struct str s, size_t n_digits);

#endif
