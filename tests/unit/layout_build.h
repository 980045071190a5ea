/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OCI layout of one image with one layer for tests, with texts of its documents replaced
 * before they are hashed, so that only what a test wants is wrong.
 */
#ifndef TESTS_UNIT_LAYOUT_BUILD_H
#define TESTS_UNIT_LAYOUT_BUILD_H

#include "image_build.h"

#include <base/arena.h>
#include <images/layout_write.h>

struct layout_change {
	char doc; /* 'i' index, 'm' manifest, 'c' config, 'l' marker; 0: nothing is changed */
	const char *from, *to;
};

static inline struct str text_replace(
	struct arena *a, struct str s, const struct layout_change *c, char doc)
{
	if (c->doc != doc)
		return s;
	ptrdiff_t at = str_find(s, str_z(c->from));
	if (at < 0)
		fail_msg("'%s' is not in '%s'", c->from, s.p);
	return arena_printf(a, "%.*s%s%s", (int)at, s.p, c->to, s.p + at + strlen(c->from));
}

static inline struct descriptor layout_put_text(struct arena *a, int dfd, struct str text)
{
	struct descriptor d = {0};
	struct err err = {0};

	assert_ok(layout_put(a, dfd, text, &d, &err), err);
	return d;
}

/* tar is the layer, unpacked and stored as it is. Returns the manifest's digest. */
static inline struct str layout_build(struct arena *a, int dfd, struct str tar, const char *ref,
	const struct layout_change *c)
{
	struct err err = {0};
	struct str text;

	assert_ok(layout_init(a, dfd, &err), err);
	struct descriptor layer = layout_put_text(a, dfd, tar);
	text = arena_printf(a,
		"{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"Env\":[\"PATH=/bin\","
		"\"A=b=c\"],\"Cmd\":[\"sh\"],\"Entrypoint\":[\"/"
		"init\",\"-v\"],\"User\":\"joe\","
		"\"WorkingDir\":\"/w\",\"Labels\":{\"x\":\"y\"},\"Volumes\":{\"/v\":{}}},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
		platform_architecture(), layer.digest.p);
	struct descriptor config = layout_put_text(a, dfd, text_replace(a, text, c, 'c'));
	text = arena_printf(a,
		"{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":{\"mediaType\":\"%s\","
		"\"digest\":\"%s\",\"size\":%llu},\"layers\":[{\"mediaType\":\"%s\","
		"\"digest\":\"%s\",\"size\":%llu}]}",
		media_type_manifest, media_type_config, config.digest.p,
		(unsigned long long)config.size, media_type_layer, layer.digest.p,
		(unsigned long long)layer.size);
	struct descriptor manifest = layout_put_text(a, dfd, text_replace(a, text, c, 'm'));
	text = arena_printf(a,
		"{\"schemaVersion\":2,\"manifests\":[{\"mediaType\":\"%s\",\"digest\":\"%s\","
		"\"size\":%llu,\"annotations\":{\"org.opencontainers.image.ref.name\":\"%s\"}}]"
		"}",
		media_type_manifest, manifest.digest.p, (unsigned long long)manifest.size, ref);
	text = text_replace(a, text, c, 'i');
	assert_ok(file_write(dfd, "index.json", text, 0644, &err), err);
	text = text_replace(a, STR("{\"imageLayoutVersion\":\"1.0.0\"}"), c, 'l');
	assert_ok(file_write(dfd, "oci-layout", text, 0644, &err), err);
	return manifest.digest;
}

#endif
