/* SPDX-License-Identifier: Apache-2.0 */
/* OCI image layouts (image-spec image-layout.md): the marker file and the index. */
#include "source.h"

#include <base/bounds.h>
#include <base/json.h>

static int layout_check_version(struct arena *a, const struct blobs *b, struct err *err)
{
	struct blob_want want = {.path = STR("oci-layout"), .size = UINT64_MAX, .max = 4 * KIB};
	struct str text;
	struct json *doc;

	if (blob_document(a, b, &want, &text, err) < 0)
		return -1;
	if (json_parse(a, text, 4 * KIB, &doc, err) < 0)
		return err_wrap_as(
			err, ERR_IMAGE, "'" STR_FMT "': oci-layout", STR_ARG(b->label));
	if (!str_eqz(json_str(json_get(doc, "imageLayoutVersion")), "1.0.0"))
		return err_set(err, ERR_UNSUPPORTED,
			"'" STR_FMT "': imageLayoutVersion is not 1.0.0", STR_ARG(b->label));
	return 0;
}

void source_image_name(struct arena *a, struct source_image *si, struct str raw)
{
	struct image_ref r;

	if (si->name.n || !raw.n)
		return;
	si->raw = raw;
	if (image_ref_parse(a, raw, &r, NULL) < 0)
		return;
	r.digest = STR_NONE;
	if (!r.tag.n)
		return; /* only a digest: the descriptor has its own */
	si->name = arena_printf(a, STR_FMT "/" STR_FMT ":" STR_FMT, STR_ARG(r.domain),
		STR_ARG(r.path), STR_ARG(r.tag));
	si->repository =
		arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(r.domain), STR_ARG(r.path));
}

int layout_read_index(struct arena *a, struct source *s, bool may_be_new, struct err *err)
{
	struct blob_want want = {
		.path = STR("index.json"), .size = UINT64_MAX, .max = BOUND_JSON_BYTES};
	struct index list = {0};
	struct err why = {0};
	struct str text;

	s->images = NULL;
	s->n_images = 0;
	if (layout_check_version(a, &s->blobs, &why) < 0 ||
		blob_document(a, &s->blobs, &want, &text, &why) < 0) {
		if (may_be_new && why.kind == ERR_NOT_FOUND)
			return 0;
		if (err)
			*err = why;
		return -1;
	}
	if (index_parse(a, text, STR_NONE, &list, err) < 0)
		return err_wrap_as(
			err, ERR_IMAGE, "'" STR_FMT "': index.json", STR_ARG(s->blobs.label));
	s->images = arena_new_array(a, struct source_image, list.n);
	s->n_images = list.n;
	for (size_t i = 0; i < list.n; i++) {
		s->images[i].d = list.items[i];
		source_image_name(a, &s->images[i], list.items[i].image_name);
		source_image_name(a, &s->images[i], list.items[i].ref_name);
	}
	return 0;
}
