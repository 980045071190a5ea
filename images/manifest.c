/* SPDX-License-Identifier: Apache-2.0 */
/* Reading indexes and manifests, and the choice of the platform. */
#include "manifest.h"

#include "config.h"
#include "digest.h"

#include <base/attr.h>
#include <base/bounds.h>

const char media_type_index[] = "application/vnd.oci.image.index.v1+json";
const char media_type_manifest[] = "application/vnd.oci.image.manifest.v1+json";
const char media_type_config[] = "application/vnd.oci.image.config.v1+json";
const char media_type_layer[] = "application/vnd.oci.image.layer.v1.tar";
const char media_type_layer_gzip[] = "application/vnd.oci.image.layer.v1.tar+gzip";
const char media_type_layer_zstd[] = "application/vnd.oci.image.layer.v1.tar+zstd";

bool media_type_is_index(struct str t)
{
	return str_eqz(t, media_type_index) ||
	       str_eqz(t, "application/vnd.docker.distribution.manifest.list.v2+json");
}

bool media_type_is_manifest(struct str t)
{
	return str_eqz(t, media_type_manifest) ||
	       str_eqz(t, "application/vnd.docker.distribution.manifest.v2+json");
}

static bool media_type_is_config(struct str t)
{
	return str_eqz(t, media_type_config) ||
	       str_eqz(t, "application/vnd.docker.container.image.v1+json");
}

#if defined(__x86_64__)
static const char this_architecture[] = "amd64";
static const char *const this_variants[] = {"", "v1"};
#elif defined(__aarch64__)
static const char this_architecture[] = "arm64";
static const char *const this_variants[] = {"", "v8"};
#elif defined(__riscv) && __riscv_xlen == 64
static const char this_architecture[] = "riscv64";
static const char *const this_variants[] = {""};
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
static const char this_architecture[] = "ppc64le";
static const char *const this_variants[] = {""};
#elif defined(__s390x__)
static const char this_architecture[] = "s390x";
static const char *const this_variants[] = {""};
#else
#error "name this architecture as Go does"
#endif

const char *platform_architecture(void)
{
	return this_architecture;
}

bool platform_matches(const struct descriptor *d)
{
	if (!d->has_platform)
		return true;
	if (!str_eqz(d->os, "linux") || !str_eqz(d->architecture, this_architecture))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(this_variants); i++)
		if (str_eqz(d->variant, this_variants[i]))
			return true;
	return false;
}

static int document_parse(struct arena *a, struct str text, struct json **ret, struct err *err)
{
	if (json_parse(a, text, BOUND_JSON_BYTES, ret, err) < 0)
		return err_wrap_as(err, ERR_IMAGE, "document");
	if ((*ret)->kind != JSON_OBJECT)
		return err_set(err, ERR_IMAGE, "document: not a JSON object");
	return 0;
}

/* A member that must be a string when it is there. */
static int text_member(const struct json *o, const char *key, struct str *ret, struct err *err)
{
	const struct json *v = json_get(o, key);

	*ret = STR_NONE;
	if (!v)
		return 0;
	if (v->kind != JSON_STRING)
		return err_set(err, ERR_IMAGE, "'%s' is not a string", key);
	*ret = v->text;
	return 0;
}

static int platform_parse(const struct json *v, struct descriptor *d, struct err *err)
{
	if (!v || v->kind == JSON_NULL)
		return 0;
	if (v->kind != JSON_OBJECT)
		return err_set(err, ERR_IMAGE, "'platform' is not an object");
	d->has_platform = true;
	if (text_member(v, "os", &d->os, err) < 0 ||
		text_member(v, "architecture", &d->architecture, err) < 0 ||
		text_member(v, "variant", &d->variant, err) < 0)
		return -1;
	/* what tools write when they do not know */
	if (!d->os.n && !d->architecture.n)
		d->has_platform = false;
	return 0;
}

static int descriptor_parse(const struct json *v, struct descriptor *d, struct err *err)
{
	int64_t size;

	*d = (struct descriptor){0};
	if (!v || v->kind != JSON_OBJECT)
		return err_set(err, ERR_IMAGE, "a descriptor is missing or not an object");
	if (text_member(v, "mediaType", &d->media_type, err) < 0 ||
		text_member(v, "digest", &d->digest, err) < 0)
		return -1;
	if (!d->media_type.n)
		return err_set(err, ERR_IMAGE, "a descriptor has no 'mediaType'");
	if (digest_check(d->digest, NULL, err) < 0)
		return -1;
	if (json_int(json_get(v, "size"), 0, BOUND_LAYER_BYTES, &size, err) < 0)
		return err_wrap_as(err, ERR_IMAGE, "'size' of " STR_FMT, STR_ARG(d->digest));
	d->size = (uint64_t)size;
	if (platform_parse(json_get(v, "platform"), d, err) < 0)
		return -1;
	const struct json *notes = json_get(v, "annotations");
	if (text_member(notes, "org.opencontainers.image.ref.name", &d->ref_name, err) < 0)
		return -1;
	if (text_member(notes, "org.opencontainers.image.created", &d->created, err) < 0)
		return -1;
	return text_member(notes, "io.containerd.image.name", &d->image_name, err);
}

static int descriptors_parse(
	struct arena *a, const struct json *v, size_t max, struct index *ret, struct err *err)
{
	if (!v || v->kind != JSON_ARRAY)
		return err_set(err, ERR_IMAGE, "the list of descriptors is missing or no list");
	if (v->n_children > max)
		return err_set(err, ERR_LIMIT, "%zu descriptors in one list, the limit is %zu",
			v->n_children, max);
	ret->items = arena_new_array(a, struct descriptor, v->n_children);
	ret->n = 0;
	json_foreach (it, v) {
		if (descriptor_parse(it, &ret->items[ret->n++], err) < 0)
			return -1;
	}
	return 0;
}

/* The document's own idea of what it is must be the descriptor's. */
static int document_check(const struct json *doc, struct str media_type, struct err *err)
{
	struct str own;
	int64_t version;

	if (text_member(doc, "mediaType", &own, err) < 0)
		return -1;
	if (own.n && media_type.n && !str_eq(own, media_type))
		return err_set(err, ERR_IMAGE,
			"document says mediaType '" STR_FMT "', its descriptor '" STR_FMT "'",
			STR_ARG(own), STR_ARG(media_type));
	if (json_int(json_get(doc, "schemaVersion"), 2, 2, &version, err) < 0)
		return err_wrap_as(err, ERR_IMAGE, "'schemaVersion'");
	if (json_get(doc, "manifests") && (json_get(doc, "layers") || json_get(doc, "config")))
		return err_set(err, ERR_IMAGE,
			"document: has both 'manifests' and 'layers' or 'config'");
	return 0;
}

int index_parse(struct arena *a, struct str text, struct str media_type, struct index *ret,
	struct err *err)
{
	struct json *doc;
	struct str own;

	if (document_parse(a, text, &doc, err) < 0 ||
		document_check(doc, media_type, err) < 0 ||
		text_member(doc, "mediaType", &own, err) < 0)
		return -1;
	if (own.n && !media_type_is_index(own))
		return err_set(err, ERR_IMAGE,
			"document says mediaType '" STR_FMT "', expected an index",
			STR_ARG(own));
	return descriptors_parse(a, json_get(doc, "manifests"), BOUND_INDEX_ENTRIES, ret, err);
}

static int layers_fill(
	struct arena *a, const struct index *list, struct image *img, struct err *err)
{
	img->layers = arena_new_array(a, struct image_layer, list->n);
	img->n_layers = list->n;
	for (size_t i = 0; i < list->n; i++) {
		const struct descriptor *d = &list->items[i];

		if (str_has(d->media_type, STR("nondistributable")) ||
			str_has(d->media_type, STR("foreign")))
			return err_set(err, ERR_UNSUPPORTED,
				"layer " STR_FMT " is foreign ('" STR_FMT
				"'): nothing is fetched",
				STR_ARG(d->digest), STR_ARG(d->media_type));
		img->layers[i] = (struct image_layer){
			.digest = d->digest,
			.media_type = d->media_type,
			.size = d->size,
		};
	}
	return 0;
}

static int document_read(struct arena *a, const struct blobs *b, const struct descriptor *d,
	struct str *ret, struct err *err)
{
	struct blob_want want = {.digest = d->digest, .size = d->size, .max = BOUND_JSON_BYTES};

	if (digest_path(a, d->digest, &want.path, err) < 0)
		return -1;
	return blob_document(a, b, &want, ret, err);
}

static void documents_add(struct image_documents *docs, const struct descriptor *d)
{
	if (!docs)
		return;
	BUG_ON(docs->n == ARRAY_SIZE(docs->items));
	docs->items[docs->n++] = *d;
}

static int manifest_load(struct arena *a, const struct blobs *b, const struct descriptor *d,
	struct image *img, struct descriptor *ret_config, struct err *err)
{
	struct str text, config_text;
	struct json *doc;
	struct descriptor config;
	struct index layers = {0};

	if (document_read(a, b, d, &text, err) < 0 || document_parse(a, text, &doc, err) < 0 ||
		document_check(doc, d->media_type, err) < 0)
		return -1;
	if (json_get(doc, "manifests"))
		return err_set(
			err, ERR_IMAGE, "document: has 'manifests', expected a manifest");
	if (descriptor_parse(json_get(doc, "config"), &config, err) < 0 ||
		descriptors_parse(a, json_get(doc, "layers"), BOUND_LAYERS, &layers, err) < 0)
		return err_wrap(err, "manifest " STR_FMT, STR_ARG(d->digest));
	if (!media_type_is_config(config.media_type))
		return err_set(err, ERR_IMAGE,
			"manifest " STR_FMT ": config is '" STR_FMT
			"', not that of a container",
			STR_ARG(d->digest), STR_ARG(config.media_type));
	if (layers_fill(a, &layers, img, err) < 0 ||
		document_read(a, b, &config, &config_text, err) < 0)
		return -1;
	img->manifest_digest = d->digest;
	img->config_digest = config.digest;
	*ret_config = config;
	if (image_load_config(a, config_text, img, err) < 0)
		return err_wrap(err, "config " STR_FMT, STR_ARG(config.digest));
	return 0;
}

/* The first manifest for this platform; one that names no platform comes after them. */
static const struct descriptor *index_choose(const struct index *list)
{
	const struct descriptor *spare = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct descriptor *d = &list->items[i];

		if (!media_type_is_index(d->media_type) &&
			!media_type_is_manifest(d->media_type))
			continue;
		if (d->has_platform && platform_matches(d))
			return d;
		if (!d->has_platform && !spare)
			spare = d;
	}
	return spare;
}

int image_load(struct arena *a, const struct blobs *b, const struct descriptor *d,
	struct image **ret, struct err *err)
{
	return image_load_documents(a, b, d, ret, NULL, err);
}

int image_load_documents(struct arena *a, const struct blobs *b, const struct descriptor *d,
	struct image **ret, struct image_documents *docs, struct err *err)
{
	struct descriptor config;
	struct image *img = arena_new_object(a, struct image);

	for (int depth = 0; media_type_is_index(d->media_type); depth++) {
		struct index list = {0};
		struct str text;
		struct str own = d->digest;

		if (depth == BOUND_INDEX_DEPTH)
			return err_set(err, ERR_LIMIT,
				"index " STR_FMT ": more than %d indexes in each other",
				STR_ARG(d->digest), BOUND_INDEX_DEPTH);
		if (document_read(a, b, d, &text, err) < 0 ||
			index_parse(a, text, d->media_type, &list, err) < 0)
			return -1;
		documents_add(docs, d);
		d = index_choose(&list);
		if (!d)
			return err_set(err, ERR_IMAGE,
				"index " STR_FMT ": has no image for linux/%s", STR_ARG(own),
				this_architecture);
	}
	if (!media_type_is_manifest(d->media_type))
		return err_set(err, ERR_IMAGE,
			"media type '" STR_FMT "' is not that of an image manifest",
			STR_ARG(d->media_type));
	if (manifest_load(a, b, d, img, &config, err) < 0)
		return -1;
	documents_add(docs, d);
	documents_add(docs, &config);
	*ret = img;
	return 0;
}

static void descriptor_put(struct json_writer *w, const struct descriptor *d)
{
	json_open(w, '{');
	json_field(w, "mediaType", d->media_type);
	json_field(w, "digest", d->digest);
	json_field_int(w, "size", (int64_t)d->size);
	json_close(w, '}');
}

struct str manifest_text(struct arena *a, const struct descriptor *config,
	const struct descriptor *layers, size_t n)
{
	cleanup_buf struct buf b = {0};
	struct json_writer w;

	buf_init(&b, BOUND_JSON_BYTES);
	json_writer_init(&w, &b, 0);
	json_open(&w, '{');
	json_field_int(&w, "schemaVersion", 2);
	json_fieldz(&w, "mediaType", media_type_manifest);
	json_key(&w, "config");
	descriptor_put(&w, config);
	json_key(&w, "layers");
	json_open(&w, '[');
	for (size_t i = 0; i < n; i++)
		descriptor_put(&w, &layers[i]);
	json_close(&w, ']');
	json_close(&w, '}');
	return arena_str(a, buf_str(&b));
}
