/* SPDX-License-Identifier: Apache-2.0 */
/* Tar streams, blobs and layouts for tests, hostile ones too: nothing here checks anything. */
#ifndef TESTS_UNIT_IMAGE_BUILD_H
#define TESTS_UNIT_IMAGE_BUILD_H

#include <base/buf.h>
#include <base/fd.h>
#include <base/file.h>
#include <fcntl.h>
#include <images/blob.h>
#include <images/digest.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* cmocka wants the headers above first */
#include <cmocka.h>

struct tar_spec { /* one header, as it shall be written; zeros are sensible */
	const char *name;
	char type; /* 0: '0' */
	const char *link;
	const char *data;
	size_t n_data; /* 0: strlen(data) */
	unsigned int mode, uid, gid;
	const char *magic;      /* NULL: ustar; "gnu"; "v7" */
	const char *prefix;     /* ustar prefix field */
	const char *size_field; /* NULL: made from the data */
	const char *uid_field;
	bool bad_sum;
	bool no_pad;
};

static inline void tar_field(char *h, const char *text, size_t n)
{
	memcpy(h, text, strnlen(text, n));
}

static inline void tar_sum(char *h)
{
	unsigned int sum = 0;

	memset(h + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)h[i];
	(void)snprintf(h + 148, 8, "%06o", sum & 0777777U);
}

static inline void tar_add(struct buf *b, struct tar_spec s)
{
	static const char zeros[512];
	char h[512] = {0};
	size_t n = s.n_data ? s.n_data : s.data ? strlen(s.data) : 0;

	tar_field(h, s.name, 100);
	(void)snprintf(h + 100, 8, "%07o", (s.mode ? s.mode : 0644U) & 07777777U);
	(void)snprintf(h + 108, 8, "%07o", s.uid & 07777777U);
	(void)snprintf(h + 116, 8, "%07o", s.gid & 07777777U);
	(void)snprintf(h + 124, 12, "%011o", (unsigned int)n & 0777777777U);
	(void)snprintf(h + 136, 12, "%011o", 1000000000U);
	if (s.size_field)
		memcpy(h + 124, s.size_field, 12);
	if (s.uid_field)
		memcpy(h + 108, s.uid_field, 8);
	h[156] = s.type ? s.type : '0';
	if (s.link)
		tar_field(h + 157, s.link, 100);
	if (!s.magic)
		memcpy(h + 257,
			"ustar\0"
			"00",
			8);
	else if (strcmp(s.magic, "gnu") == 0)
		memcpy(h + 257, "ustar  ", 8);
	else if (strcmp(s.magic, "v7") != 0)
		tar_field(h + 257, s.magic, 8);
	if (s.prefix)
		tar_field(h + 345, s.prefix, 155);
	tar_sum(h);
	if (s.bad_sum)
		h[0] ^= 1;
	buf_add(b, h, 512);
	if (s.data)
		buf_add(b, s.data, n);
	if (!s.no_pad)
		buf_add(b, zeros, (512 - n % 512) % 512);
}

/* Raw bytes of a pax header before the next entry. */
static inline void tar_pax_raw(struct buf *b, const char *records, size_t n)
{
	tar_add(b, (struct tar_spec){.name = "pax", .type = 'x', .data = records, .n_data = n});
}

static inline void tar_pax(struct buf *b, const char *key, const char *value)
{
	char text[9000];
	size_t n = strlen(key) + strlen(value) + 3;
	size_t total = n + 1;

	for (;;) {
		int digits = snprintf(text, sizeof(text), "%zu", total);
		if (n + (size_t)digits == total)
			break;
		total = n + (size_t)digits;
	}
	(void)snprintf(text, sizeof(text), "%zu %s=%s\n", total, key, value);
	tar_pax_raw(b, text, total);
}

static inline void tar_long(struct buf *b, char type, const char *text)
{
	tar_add(b, (struct tar_spec){.name = "././@LongLink",
			   .type = type,
			   .data = text,
			   .n_data = strlen(text) + 1,
			   .magic = "gnu"});
}

static inline void tar_finish(struct buf *b)
{
	static const char zeros[1024];

	buf_add(b, zeros, sizeof(zeros));
}

static inline struct buf tar_new(void)
{
	struct buf b;

	buf_init(&b, 1U << 30);
	return b;
}

/* A blob of these bytes in a file without a name. */
static inline struct blob blob_of(const void *p, size_t n)
{
	int fd = memfd_create("blob", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, p, n, NULL), 0);
	return (struct blob){.fd = fd, .size = n};
}

/* A new directory for one test; the caller removes it with tmp_remove. */
static inline int tmp_make_dir(char path[64])
{
	(void)snprintf(path, 64, "/tmp/monopod-unit-XXXXXX");
	assert_non_null(mkdtemp(path));
	int fd = dir_open(AT_FDCWD, path, NULL);
	assert_true(fd >= 0);
	return fd;
}

static inline void tmp_remove(const char *path)
{
	assert_int_equal(dir_remove(AT_FDCWD, path, NULL), 0);
}

#define assert_ok(call, err)                                                                   \
	do {                                                                                   \
		if ((call) < 0)                                                                \
			fail_msg("%s: %s", #call, (err).msg);                                  \
	} while (0)

#endif
