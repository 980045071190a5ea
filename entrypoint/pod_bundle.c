/* SPDX-License-Identifier: Apache-2.0 */
/* The input as ConfigMaps: as text while it is small, compressed when it is not, in several
 * when one is not enough. */
#include "pod.h"

#include "deflate.h"
#include "list_json.h"

#include <base/bounds.h>

/* The API server takes MIB of values; their names, and what else is in the object, need some.
 */
enum {
	MAP_BYTES = MIB - 32 * KIB,
	CHUNK_BYTES = 8 * MIB, /* of one List, unpacked */
};

struct bundling {
	struct arena *arena;
	const struct str *documents;
	VEC(struct pod_file) files;
	size_t n_inputs;
	struct err *err;
};

/* `run` reads it as YAML. */
static struct str list_of(struct bundling *b, size_t from, size_t to)
{
	struct buf out cleanup_buf = {0};
	struct buf printable cleanup_buf = {0};
	struct json_writer w;

	buf_init(&out, BOUND_YAML_BYTES);
	json_writer_init(&w, &out, 0);
	list_json_open(&w);
	for (size_t i = from; i < to; i++)
		json_put_raw(&w, b->documents[i]);
	list_json_close(&w);
	buf_init(&printable, BOUND_YAML_BYTES);
	pod_put_printable(buf_str(&out), &printable);
	return out.full || printable.full ? STR_NONE : arena_str(b->arena, buf_str(&printable));
}

/* What does not fit is halved. */
static int add_packed(struct bundling *b, size_t from, size_t to)
{
	struct str list = list_of(b, from, to);
	struct str name = arena_printf(b->arena, "input-%zu.json.gz", b->n_inputs);
	struct buf packed cleanup_buf;

	buf_init(&packed, MAP_BYTES);
	if (list.n && deflate_text(list, DEFLATE_GZIP, &packed)) {
		vec_push(&b->files, ((struct pod_file){.name = name,
					    .bytes = arena_str(b->arena, buf_str(&packed)),
					    .is_binary = true}));
		b->n_inputs++;
		return 0;
	}
	if (to - from == 1)
		return err_set(b->err, ERR_LIMIT,
			"an object of the input is too large for a ConfigMap, which holds 1 "
			"MiB");
	if (add_packed(b, from, from + (to - from) / 2))
		return -1;
	return add_packed(b, from + (to - from) / 2, to);
}

static size_t file_bytes(const struct pod_file *f)
{
	return f->name.n + f->bytes.n;
}

/* First fit, in order: only whole files. */
static int maps_fill(struct bundling *b, struct pod_file *files, size_t n_files,
	struct pod_map **ret, size_t *ret_n)
{
	struct pod_map *maps = arena_new_array(b->arena, struct pod_map, n_files);
	size_t left = 0;
	size_t n = 0;

	for (size_t i = 0; i < n_files; i++) {
		size_t need = file_bytes(&files[i]);

		if (need > MAP_BYTES + KIB)
			return err_set(b->err, ERR_LIMIT,
				"'" STR_FMT "' has %zu bytes, and a ConfigMap holds 1 MiB",
				STR_ARG(files[i].name), need);
		if (!n || need > left) {
			left = MAP_BYTES + KIB;
			maps[n++] = (struct pod_map){.files = &files[i]};
		}
		maps[n - 1].n_files++;
		left -= need;
	}
	*ret = maps;
	*ret_n = n;
	return 0;
}

/* All as text in one, when there is room. */
static int add_inputs(struct bundling *b, size_t n_documents)
{
	struct str list = list_of(b, 0, n_documents);
	size_t n_beside = 0;

	for (size_t i = 0; i < b->files.n; i++)
		n_beside += file_bytes(&b->files.p[i]);
	if (!list.n || list.n + n_beside > MAP_BYTES)
		return add_packed(b, 0, n_documents);
	vec_push(&b->files, ((struct pod_file){.name = STR("input-0.json"), .bytes = list}));
	return 0;
}

int pod_bundle(struct arena *a, const struct pod_bundle_input *in, struct pod_map **ret,
	size_t *ret_n, struct err *err)
{
	struct bundling b = {.arena = a, .documents = in->documents, .err = err};
	struct pod_file *files = NULL;
	size_t n;
	int rc;

	for (size_t i = 0; i < in->n_files; i++)
		vec_push(&b.files, in->files[i]);
	rc = add_inputs(&b, in->n_documents);
	files = vec_freeze(&b.files, a);
	n = b.files.n;
	vec_release(&b.files);
	return rc ? rc : maps_fill(&b, files, n, ret, ret_n);
}
