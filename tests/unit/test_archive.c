/* SPDX-License-Identifier: Apache-2.0 */
/* Archives: OCI and docker, plain and compressed, and what they may not hold. */
#include "layout_build.h"

#include <images/source.h>
#include <zlib.h>

struct place {
	struct arena *a;
	char path[64];
	int dfd;
	struct err err;
};

static void place_open(struct place *p)
{
	*p = (struct place){.a = arena_new()};
	p->dfd = tmp_make_dir(p->path);
}

static void place_close(struct place *p)
{
	fd_close(&p->dfd);
	tmp_remove(p->path);
	arena_free(p->a);
}

/* Writes bytes as "archive" and opens it. */
static struct source *open_archive(struct place *p, struct buf *b, bool gzip)
{
	struct source *s = NULL;
	struct str path = arena_printf(p->a, "%s/archive", p->path);

	if (gzip) {
		gzFile z = gzopen(path.p, "wb");
		assert_non_null(z);
		assert_int_equal(gzwrite(z, b->p, (unsigned int)b->n), b->n);
		assert_int_equal(gzclose(z), Z_OK);
	} else {
		assert_ok(file_write(p->dfd, "archive", buf_str(b), 0644, &p->err), p->err);
	}
	buf_release(b);
	if (source_open(p->a, path, p->dfd, &s, &p->err) < 0)
		return NULL;
	return s;
}

static const char *load(struct place *p, struct source *s, const char *ref, struct image **ret)
{
	struct image_ref r;

	assert_ok(image_ref_parse(p->a, str_z(ref), &r, &p->err), p->err);
	const struct source_image *si = source_find(s, p->a, &r);
	if (!si)
		return "not found";
	return source_load(s, p->a, si, ret, &p->err) < 0 ? p->err.msg : NULL;
}

static void add_file(struct buf *b, const char *name, struct str text)
{
	tar_add(b, (struct tar_spec){.name = name, .data = text.p, .n_data = text.n});
}

static struct str config_of(struct place *p, const char *diff_id)
{
	return arena_printf(p->a,
		"{\"architecture\":\"%s\",\"os\":\"linux\",\"config\":{\"Cmd\":[\"x\"]},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
		platform_architecture(), diff_id);
}

static struct buf docker_archive(struct place *p, const char *manifest)
{
	struct buf b = tar_new();

	tar_add(&b, (struct tar_spec){.name = "abc/", .type = '5'});
	add_file(&b, "abc/layer.tar", STR("the layer"));
	tar_add(&b, (struct tar_spec){
			    .name = "def/layer.tar", .type = '2', .link = "../abc/layer.tar"});
	tar_add(&b, (struct tar_spec){.name = "loop", .type = '2', .link = "loop"});
	tar_add(&b, (struct tar_spec){.name = "out", .type = '2', .link = "/etc/passwd"});
	tar_add(&b, (struct tar_spec){.name = "up", .type = '2', .link = "../../etc/passwd"});
	add_file(&b, "conf.json", config_of(p, image_digest_text(p->a, STR("the layer")).p));
	if (manifest)
		add_file(&b, "manifest.json", str_z(manifest));
	tar_finish(&b);
	return b;
}

static void test_docker(void **state)
{
	static const char manifest[] =
		"[{\"Config\":\"conf.json\",\"RepoTags\":[\"one:1\",\"reg:5000/two:2\"],"
		"\"Layers\":[\"abc/layer.tar\"]},{\"Config\":\"conf.json\",\"RepoTags\":null,"
		"\"Layers\":[\"abc/"
		"layer.tar\"]},{\"Config\":\"conf.json\",\"RepoTags\":[\"linked\"],"
		"\"Layers\":[\"def/layer.tar\"]}]";

	(void)state;
	for (int gzip = 0; gzip < 2; gzip++) {
		struct image *img;
		struct blob blob;
		struct str text;
		struct place p;

		place_open(&p);
		struct buf b = docker_archive(&p, manifest);
		struct source *s = open_archive(&p, &b, gzip);
		if (!s)
			fail_msg("%s", p.err.msg);
		assert_int_equal(s->kind, SOURCE_DOCKER_ARCHIVE);
		static const char *const refs[] = {"one:1", "reg:5000/two:2", "linked:latest"};
		for (size_t i = 0; i < ARRAY_SIZE(refs); i++) {
			const char *why = load(&p, s, refs[i], &img);
			if (why)
				fail_msg("%s: %s", refs[i], why);
			assert_int_equal(img->n_layers, 1);
			assert_string_equal(img->config.cmd[0].p, "x");
			assert_int_equal(img->layers[0].size, 9);
			assert_ok(source_layer_blob(s, p.a, &img->layers[0], &blob, &p.err),
				p.err);
			assert_ok(blob_text(p.a, &blob, 100, &text, &p.err), p.err);
			assert_string_equal(text.p, "the layer");
			blob_close(&blob);
		}
		source_close(s);
		place_close(&p);
	}
}

static void test_docker_refused(void **state)
{
	static const struct {
		const char *manifest, *want;
	} cases[] = {
		{NULL, "neither an OCI archive nor a docker archive"},
		{"{}", "not a list"},
		{"[", "manifest.json"},
		{"[{}]", "no 'Config'"},
		{"[{\"Config\":\"conf.json\",\"RepoTags\":\"x\"}]", "not a list"},
		{"[{\"Config\":\"conf.json\",\"RepoTags\":[1]}]", "no strings"},
		{"[{\"Config\":\"none\",\"RepoTags\":[\"x\"],\"Layers\":[]}]", "has no 'none'"},
		{"[{\"Config\":\"loop\",\"RepoTags\":[\"x\"],\"Layers\":[]}]",
			"chain of links"},
		{"[{\"Config\":\"out\",\"RepoTags\":[\"x\"],\"Layers\":[]}]", "has no 'out'"},
		{"[{\"Config\":\"up\",\"RepoTags\":[\"x\"],\"Layers\":[]}]", "has no 'up'"},
		{"[{\"Config\":\"/etc/passwd\",\"RepoTags\":[\"x\"],\"Layers\":[]}]",
			"has no '/etc/passwd'"},
		{"[{\"Config\":\"conf.json\",\"RepoTags\":[\"x\"],\"Layers\":[]}]",
			"1 diff IDs for 0 layers"},
		{"[{\"Config\":\"conf.json\",\"RepoTags\":[\"x\"],\"Layers\":[\"out\"]}]",
			"has no 'out'"},
		{"[{\"Config\":\"abc/layer.tar\",\"RepoTags\":[\"x\"],\"Layers\":[]}]",
			"document"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image *img;
		struct place p;
		const char *why;

		place_open(&p);
		struct buf b = docker_archive(&p, cases[i].manifest);
		struct source *s = open_archive(&p, &b, false);
		why = s ? load(&p, s, "x", &img) : p.err.msg;
		if (!why || !strstr(why, cases[i].want))
			fail_msg("case %zu: got '%s', want '%s'", i, why ? why : "no error",
				cases[i].want);
		source_close(s);
		place_close(&p);
	}
}

static struct str text_of(struct place *p, struct str digest, const char **ret_name)
{
	struct str path, text;

	assert_int_equal(digest_path(p->a, digest, &path, NULL), 0);
	*ret_name = path.p;
	assert_ok(file_read(p->a, p->dfd, path.p, 1U << 20, &text, &p->err), p->err);
	return text;
}

/* A layout as an archive: members found by the same paths, digests compared the same way. */
static void test_oci(void **state)
{
	struct layout_change none = {0};

	(void)state;
	for (int spoil = 0; spoil < 2; spoil++) {
		struct buf b = tar_new();
		struct str text;
		struct image *img;
		struct place p;
		const char *name;

		place_open(&p);
		struct str manifest = layout_build(p.a, p.dfd, STR("tar"), "test", &none);
		struct source *s;
		assert_ok(source_open(p.a, str_z(p.path), p.dfd, &s, &p.err), p.err);
		const char *why = load(&p, s, "test", &img);
		assert_null(why);
		source_close(s);
		struct str digests[] = {manifest, img->config_digest, img->layers[0].digest};
		for (size_t i = 0; i < ARRAY_SIZE(digests); i++) {
			text = text_of(&p, digests[i], &name);
			if (spoil && i == 0)
				((char *)(uintptr_t)text.p)[2] ^= 1;
			add_file(&b, name, text);
		}
		assert_ok(file_read(p.a, p.dfd, "index.json", 9999, &text, &p.err), p.err);
		add_file(&b, "./index.json", text);
		add_file(&b, "oci-layout", STR("{\"imageLayoutVersion\":\"1.0.0\"}"));
		tar_finish(&b);
		s = open_archive(&p, &b, spoil);
		assert_non_null(s);
		assert_int_equal(s->kind, SOURCE_OCI_ARCHIVE);
		why = load(&p, s, "test", &img);
		if (spoil && (!why || !strstr(why, "digest does not match")))
			fail_msg("got '%s'", why ? why : "no error");
		if (!spoil && why)
			fail_msg("%s", why);
		source_close(s);
		place_close(&p);
	}
}

static void test_bad_archives(void **state)
{
	struct place p;
	struct buf b = tar_new();

	(void)state;
	place_open(&p);
	assert_null(open_archive(&p, &b, false));
	buf_addz(&b, "not a tar file at all");
	assert_null(open_archive(&p, &b, false));
	add_file(&b, "manifest.json", STR("[]"));
	add_file(&b, "manifest.json", STR("[{}]"));
	tar_finish(&b);
	assert_null(open_archive(&p, &b, false));
	assert_non_null(strstr(p.err.msg, "two members are called 'manifest.json'"));
	add_file(&b, "../manifest.json", STR("[]"));
	tar_finish(&b);
	assert_null(open_archive(&p, &b, false));
	/* the size of a member goes beyond the file */
	tar_add(&b, (struct tar_spec){.name = "x", .size_field = "00000077777"});
	tar_finish(&b);
	assert_null(open_archive(&p, &b, false));
	assert_non_null(strstr(p.err.msg, "ends in the data"));
	assert_int_equal(mkfifoat(p.dfd, "fifo", 0600), 0);
	struct source *s;
	assert_int_equal(
		source_open(p.a, arena_printf(p.a, "%s/fifo", p.path), p.dfd, &s, &p.err), -1);
	assert_non_null(strstr(p.err.msg, "neither a directory nor a file"));
	place_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker),
		cmocka_unit_test(test_docker_refused),
		cmocka_unit_test(test_oci),
		cmocka_unit_test(test_bad_archives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
