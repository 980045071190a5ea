/* SPDX-License-Identifier: Apache-2.0 */
/* Writing tar headers the same way every time, so that equal trees give equal layers. */
#include "tar_write.h"

#include <base/attr.h>
#include <stdio.h>
#include <string.h>

static const char type_flags[] = {
	[TAR_FILE] = '0',
	[TAR_DIR] = '5',
	[TAR_SYMLINK] = '2',
	[TAR_HARDLINK] = '1',
	[TAR_FIFO] = '6',
	[TAR_DEVICE] = '3',
};
_Static_assert(ARRAY_SIZE(type_flags) == TAR_TYPE_N, "one flag per type");

enum { USTAR_NAME = 100, USTAR_ID_MAX = 07777777 };
#define USTAR_SIZE_MAX INT64_C(077777777777)

static void put_octal(char *field, size_t n, uint64_t v)
{
	field[n - 1] = '\0';
	for (size_t i = n - 1; i-- > 0; v >>= 3)
		field[i] = (char)('0' + (v & 7));
}

/* The length at the front counts itself. */
static void pax_put(struct buf *out, const char *key, struct str value)
{
	size_t body = strlen(key) + value.n + 3; /* ' ' '=' '\n' */
	size_t total = body + 1;

	for (;;) {
		size_t digits = 1;

		for (size_t v = total; v >= 10; v /= 10)
			digits++;
		if (body + digits == total)
			break;
		total = body + digits;
	}
	buf_addf(out, "%zu %s=", total, key);
	buf_adds(out, value);
	buf_addc(out, '\n');
}

static void pax_put_number(struct buf *out, const char *key, uint64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof(text), "%llu", (unsigned long long)v);

	pax_put(out, key, (struct str){.p = text, .n = (size_t)n});
}

static void block_put(struct buf *out, const struct tar_entry *e, struct str name, char flag)
{
	char h[TAR_BLOCK] = {0};
	uint64_t size = e->size <= USTAR_SIZE_MAX ? e->size : 0;
	unsigned int sum = 0;

	if (name.n)
		memcpy(h, name.p, name.n < USTAR_NAME ? name.n : USTAR_NAME);
	put_octal(h + 100, 8, e->mode);
	put_octal(h + 108, 8, e->uid <= USTAR_ID_MAX ? e->uid : 0);
	put_octal(h + 116, 8, e->gid <= USTAR_ID_MAX ? e->gid : 0);
	put_octal(h + 124, 12, size);
	put_octal(h + 136, 12, (uint64_t)e->mtime_s);
	memset(h + 148, ' ', 8);
	h[156] = flag;
	if (e->link.n)
		memcpy(h + 157, e->link.p, e->link.n < USTAR_NAME ? e->link.n : USTAR_NAME);
	memcpy(h + 257,
		"ustar\0"
		"00",
		8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)h[i];
	put_octal(h + 148, 7, sum);
	h[155] = ' ';
	buf_add(out, h, sizeof(h));
}

static void pax_fill(struct buf *pax, const struct tar_entry *e, struct str name)
{
	char key[300];

	if (name.n > USTAR_NAME)
		pax_put(pax, "path", name);
	if (e->link.n > USTAR_NAME)
		pax_put(pax, "linkpath", e->link);
	if (e->size > USTAR_SIZE_MAX)
		pax_put_number(pax, "size", e->size);
	if (e->uid > USTAR_ID_MAX)
		pax_put_number(pax, "uid", e->uid);
	if (e->gid > USTAR_ID_MAX)
		pax_put_number(pax, "gid", e->gid);
	for (size_t i = 0; i < e->n_xattrs; i++) {
		(void)snprintf(
			key, sizeof(key), "SCHILY.xattr." STR_FMT, STR_ARG(e->xattrs[i].name));
		pax_put(pax, key, e->xattrs[i].value);
	}
}

void tar_write_header(struct buf *out, const struct tar_entry *e)
{
	static const char zeros[TAR_BLOCK];
	cleanup_buf struct buf name = {0};
	cleanup_buf struct buf pax = {0};

	buf_init(&name, SIZE_MAX - 1);
	buf_init(&pax, SIZE_MAX - 1);
	buf_adds(&name, e->name.n ? e->name : STR("."));
	if (e->type == TAR_DIR)
		buf_addc(&name, '/');
	pax_fill(&pax, e, buf_str(&name));
	if (pax.n) {
		struct tar_entry x = {.mode = 0644, .size = pax.n};

		block_put(out, &x, STR("././@PaxHeader"), 'x');
		buf_add(out, pax.p, pax.n);
		buf_add(out, zeros, (TAR_BLOCK - pax.n % TAR_BLOCK) % TAR_BLOCK);
	}
	block_put(out, e, buf_str(&name), type_flags[e->type]);
}
