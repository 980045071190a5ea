/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of images: the first byte chooses the reader (index, config, reference, map file,
 * passwd and group, lock file). Readers may refuse; what they take must hold what they promise.
 */
#include <base/attr.h>
#include <base/bounds.h>
#include <images/config.h>
#include <images/digest.h>
#include <images/manifest.h>
#include <images/passwd.h>
#include <monopod/images.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_index(struct arena *a, struct str text)
{
	struct index list = {0};

	if (index_parse(a, text, STR_NONE, &list, NULL) < 0)
		return;
	BUG_ON(list.n > BOUND_INDEX_ENTRIES);
	for (size_t i = 0; i < list.n; i++) {
		struct str path;

		BUG_ON(digest_path(a, list.items[i].digest, &path, NULL) < 0);
		BUG_ON(str_has(path, STR("..")) || !list.items[i].media_type.n);
		(void)platform_matches(&list.items[i]);
	}
}

static void try_config(struct arena *a, struct str text)
{
	struct image_layer layers[3] = {0};

	for (size_t n = 0; n <= ARRAY_SIZE(layers); n++) {
		struct image img = {.layers = layers, .n_layers = n};

		if (image_load_config(a, text, &img, NULL) < 0)
			continue;
		for (size_t i = 0; i < n; i++)
			BUG_ON(digest_check(layers[i].diff_id, NULL, NULL) < 0);
		for (size_t i = 0; i < img.config.n_env; i++)
			BUG_ON(str_chr(img.config.env[i], '=') < 1 ||
				memchr(img.config.env[i].p, '\0', img.config.env[i].n));
	}
}

/* A normal form is its own normal form. */
static void try_ref(struct arena *a, struct str text)
{
	struct image_ref r, again;

	if (image_ref_parse(a, text, &r, NULL) < 0)
		return;
	struct str normal = image_ref_text(a, &r);
	BUG_ON(image_ref_parse(a, normal, &again, NULL) < 0);
	BUG_ON(!str_eq(normal, image_ref_text(a, &again)));
}

static void try_map(struct arena *a, struct str text)
{
	struct image_map *m = image_map_new(a);
	struct image_target t = {0};

	if (image_map_add_file(m, STR("map"), text, NULL) == 0)
		(void)image_map_find(m, STR("busybox"), &t);
}

static void try_passwd(struct arena *a, struct str text)
{
	struct passwd_entry e = {0};
	uint32_t groups[4], gid;
	size_t n = 0;
	bool found;

	(void)a;
	if (passwd_find(text, STR("joe"), 0, &found, &e, NULL) == 0 && found)
		BUG_ON(e.uid == UINT32_MAX || e.gid == UINT32_MAX ||
			(e.home.n && e.home.p[0] != '/'));
	if (passwd_find(text, STR_NONE, 0, &found, &e, NULL) == 0 && found)
		BUG_ON(e.uid != 0);
	if (group_find(text, STR("joe"), &found, &gid, NULL) == 0 && found)
		BUG_ON(gid == UINT32_MAX);
	(void)group_members(text, STR("joe"), groups, ARRAY_SIZE(groups), &n, NULL);
	BUG_ON(n > ARRAY_SIZE(groups));
}

/* What was taken is written and read again as the same. */
static void try_lock(struct arena *a, struct str text)
{
	struct buf out cleanup_buf = {0};
	struct buf again cleanup_buf = {0};
	struct image_lock *lock;

	if (image_lock_parse(a, text, &lock, NULL) < 0)
		return;
	buf_init(&out, BOUND_LOCK_BYTES);
	buf_init(&again, BOUND_LOCK_BYTES);
	image_lock_print(lock->entries, lock->n, &out);
	BUG_ON(image_lock_parse(a, buf_str(&out), &lock, NULL) < 0);
	image_lock_print(lock->entries, lock->n, &again);
	BUG_ON(!str_eq(buf_str(&out), buf_str(&again)));
	for (size_t i = 0; i < lock->n; i++)
		BUG_ON(!image_lock_find(lock, lock->entries[i].ref));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(struct arena * a, struct str text) = {
		try_index, try_config, try_ref, try_map, try_passwd, try_lock};
	cleanup_arena struct arena *a = arena_new();

	if (size == 0)
		return 0;
	tries[data[0] % ARRAY_SIZE(tries)](a, arena_strn(a, (const char *)data + 1, size - 1));
	return 0;
}
