/* SPDX-License-Identifier: Apache-2.0 */
/* Base64, both ways. */
#include "base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_add(struct buf *out, struct str bytes, bool padded)
{
	const unsigned char *p = (const unsigned char *)bytes.p;

	for (size_t i = 0; i < bytes.n; i += 3) {
		size_t left = bytes.n - i;
		unsigned group = (unsigned)p[i] << 16;

		group |= left > 1 ? (unsigned)p[i + 1] << 8 : 0;
		group |= left > 2 ? (unsigned)p[i + 2] : 0;
		buf_addc(out, digits[group >> 18]);
		buf_addc(out, digits[group >> 12 & 63]);
		if (left > 1 || padded)
			buf_addc(out, (char)(left > 1 ? digits[group >> 6 & 63] : '='));
		if (left > 2 || padded)
			buf_addc(out, (char)(left > 2 ? digits[group & 63] : '='));
	}
}

int base64_parse(struct arena *a, struct str text, struct str *ret)
{
	char *out = arena_alloc(a, text.n / 4 * 3 + 4);
	size_t n = 0;
	size_t n_in = 0;
	size_t n_pad = 0;
	uint32_t bits = 0;

	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		const char *at;

		if (c == '\r' || c == '\n')
			continue;
		at = c ? strchr(digits, c) : NULL;
		if (c == '=' && n_in % 4 >= 2)
			n_pad++;
		else if (!at || n_pad)
			return -1;
		bits = bits << 6 | (uint32_t)(at ? at - digits : 0);
		if (++n_in % 4 != 0)
			continue;
		for (unsigned k = 0; k < 3 - n_pad; k++)
			out[n++] = (char)(bits >> (16 - 8 * k));
		bits = 0;
	}
	if (n_in % 4 != 0)
		return -1;
	*ret = (struct str){.p = out, .n = n};
	return 0;
}
