/* SPDX-License-Identifier: Apache-2.0 */
/* The store: making it, layers and their states, concurrency, leftovers, import and removal. */
#include "layout_build.h"

#include <errno.h>
#include <images/store.h>
#include <images/whiteout.h>
#include <monopod/images.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

struct place {
	struct arena *a;
	char path[64];
	int dfd;
	struct str dir, layout;
	struct store *s;
	struct err err;
};

/* A place with a layout "layout" of one image called "test" whose layer is the tar given. */
static void place_open(struct place *p, struct buf *tar)
{
	struct layout_change none = {0};

	*p = (struct place){.a = arena_new()};
	p->dfd = tmp_make_dir(p->path);
	p->dir = arena_printf(p->a, "%s/store", p->path);
	p->layout = arena_printf(p->a, "%s/layout", p->path);
	assert_int_equal(mkdirat(p->dfd, "layout", 0755), 0);
	cleanup_fd int fd = dir_open(p->dfd, "layout", NULL);
	tar_finish(tar);
	layout_build(p->a, fd, buf_str(tar), "test", &none);
	buf_release(tar);
	assert_ok(store_open(p->a, p->dir, &p->s, &p->err), p->err);
	assert_ok(store_add_source(p->s, p->layout, &p->err), p->err);
}

static void place_close(struct place *p)
{
	store_close(p->s);
	fd_close(&p->dfd);
	tmp_remove(p->path);
	arena_free(p->a);
}

static enum unpack_owner owner_here(void)
{
	return geteuid() == 0 ? UNPACK_OWNERS_REAL : UNPACK_OWNERS_SQUASH;
}

static struct image *find(struct place *p, const char *ref)
{
	struct image *img;

	if (store_find(p->s, p->a, str_z(ref), &img, &p->err) < 0)
		fail_msg("%s", p->err.msg);
	return img;
}

static size_t layers(struct place *p, const struct image *img, const char *map,
	struct layer_dir **ret, bool *ret_ready)
{
	size_t n;

	assert_ok(store_layers(p->s, p->a, img, str_z(map), ret, &n, &p->err), p->err);
	*ret_ready = true;
	for (size_t i = 0; i < n; i++)
		*ret_ready = *ret_ready && (*ret)[i].is_ready;
	return n;
}

static int unpack(struct place *p, const struct image *img, size_t layer, const char *map)
{
	struct unpack_job job = {.store = p->s,
		.image = img,
		.layer = layer,
		.map_text = str_z(map),
		.owner = owner_here()};

	return layer_unpack(&job, &p->err);
}

static struct buf one_file(void)
{
	struct buf b = tar_new();

	tar_add(&b, (struct tar_spec){.name = "f", .data = "hello"});
	return b;
}

static size_t count(struct place *p, const char *rel)
{
	cleanup_fd int fd = dir_open(p->s->dfd, rel, NULL);
	struct str *names;
	size_t n = 0;

	if (fd >= 0)
		assert_int_equal(dir_list(p->a, fd, SIZE_MAX, &names, &n, NULL), 0);
	return n;
}

static void test_open(void **state)
{
	struct buf tar = one_file();
	struct store *s;
	struct stat st;
	struct place p;

	(void)state;
	place_open(&p, &tar);
	assert_int_equal(fstat(store_dfd(p.s), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* again, and by another process's eyes */
	assert_ok(store_open(p.a, p.dir, &s, &p.err), p.err);
	store_close(s);
	/* made private again when somebody opened it up */
	assert_int_equal(fchmod(store_dfd(p.s), 0755), 0);
	assert_ok(store_open(p.a, p.dir, &s, &p.err), p.err);
	assert_int_equal(fstat(store_dfd(p.s), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	store_close(s);
	/* a directory with other things in it is left alone */
	assert_int_equal(fchmodat(p.dfd, "layout", 0755, 0), 0);
	assert_int_equal(store_open(p.a, p.layout, &s, &p.err), -1);
	assert_non_null(strstr(p.err.msg, "neither empty nor a store"));
	assert_int_equal(fstatat(p.dfd, "layout", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0755);
	struct str file = arena_printf(p.a, "%s/layout/index.json", p.path);
	assert_int_equal(store_open(p.a, file, &s, &p.err), -1);
	place_close(&p);
}

static void test_find(void **state)
{
	struct buf tar = one_file();
	struct image *img;
	struct place p;

	(void)state;
	place_open(&p, &tar);
	img = find(&p, "test");
	assert_string_equal(img->ref.p, "docker.io/library/test:latest");
	assert_int_equal(img->source, 0);
	struct str exact = arena_printf(p.a, "any/name@%s", img->manifest_digest.p);
	assert_int_equal(find(&p, exact.p)->n_layers, 1);
	assert_int_equal(store_find(p.s, p.a, STR("tset"), &img, &p.err), -1);
	assert_int_equal(p.err.kind, ERR_NOT_FOUND);
	assert_non_null(strstr(p.err.msg, "did you mean 'docker.io/library/test:latest'"));
	assert_int_equal(
		store_find(p.s, p.a,
			STR("test@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca"
			    "495991b7852b855"),
			&img, &p.err),
		-1);
	assert_non_null(strstr(p.err.msg, "the digest does not match, there is sha256:"));
	assert_int_equal(store_find(p.s, p.a, STR("TEST"), &img, &p.err), -1);
	assert_int_equal(store_add_source(p.s, STR("/nowhere/at/all"), &p.err), -1);
	place_close(&p);
}

static void test_layers(void **state)
{
	struct buf tar = one_file();
	struct layer_dir *d;
	struct image *img;
	struct str text;
	struct place p;
	bool ready;

	(void)state;
	place_open(&p, &tar);
	img = find(&p, "test");
	assert_int_equal(layers(&p, img, "", &d, &ready), 1);
	assert_false(ready);
	assert_ok(unpack(&p, img, 0, ""), p.err);
	assert_ok(unpack(&p, img, 0, ""), p.err);
	assert_int_equal(layers(&p, img, "", &d, &ready), 1);
	assert_true(ready);
	struct str f = arena_printf(p.a, "%s/f", d[0].dir.p);
	assert_ok(file_read(p.a, store_dfd(p.s), f.p, 100, &text, &p.err), p.err);
	assert_string_equal(text.p, "hello");
	/* another map is another copy */
	layers(&p, img, "u0:100000:65536", &d, &ready);
	assert_false(ready);
	assert_ok(unpack(&p, img, 0, "u0:100000:65536"), p.err);
	layers(&p, img, "u0:100000:65536", &d, &ready);
	assert_true(ready);
	layers(&p, img, "u0:100000:65537", &d, &ready);
	assert_false(ready);
	place_close(&p);
}

/* A layer whose note is missing, of another machine start, or of another map is no layer. */
static void test_unusable_layers(void **state)
{
	static const char *const notes[] = {"", "{}", "[", "x",
		"{\"format\":1,\"diffID\":\"x\",\"map\":\"\",\"boot\":\"x\",\"squashed\":0,"
		"\"devices\":0,\"hidesLower\":false}"};
	struct buf tar = one_file();
	struct layer_dir *d;
	struct image *img;
	struct place p;
	bool ready;

	(void)state;
	place_open(&p, &tar);
	img = find(&p, "test");
	for (size_t i = 0; i < ARRAY_SIZE(notes); i++) {
		assert_ok(unpack(&p, img, 0, ""), p.err);
		layers(&p, img, "", &d, &ready);
		assert_true(ready);
		struct str note =
			arena_printf(p.a, "%.*s/layer.json", (int)d[0].dir.n - 3, d[0].dir.p);
		assert_ok(file_write(store_dfd(p.s), note.p, str_z(notes[i]), 0600, &p.err),
			p.err);
		layers(&p, img, "", &d, &ready);
		assert_false(ready);
	}
	assert_ok(unpack(&p, img, 0, ""), p.err);
	p.s->boot = STR("another");
	layers(&p, img, "", &d, &ready);
	assert_false(ready);
	assert_ok(unpack(&p, img, 0, ""), p.err);
	layers(&p, img, "", &d, &ready);
	assert_true(ready);
	assert_int_equal(count(&p, "layers/real"), 1);
	place_close(&p);
}

static void test_bad_layer(void **state)
{
	struct buf tar = tar_new();
	struct layer_dir *d;
	struct image *img;
	struct place p;
	bool ready;

	(void)state;
	tar_add(&tar, (struct tar_spec){.name = "good", .data = "x"});
	tar_add(&tar, (struct tar_spec){.name = "../evil", .data = "x"});
	place_open(&p, &tar);
	img = find(&p, "test");
	assert_int_equal(unpack(&p, img, 0, ""), -1);
	assert_int_equal(p.err.kind, ERR_IMAGE);
	assert_non_null(
		strstr(p.err.msg, "image 'docker.io/library/test:latest': layer sha256:"));
	assert_non_null(strstr(p.err.msg, "'..'"));
	layers(&p, img, "", &d, &ready);
	assert_false(ready);
	assert_int_equal(count(&p, "layers/real"), 0);
	/* the blob changes after the documents were read */
	struct str path;
	assert_int_equal(digest_path(p.a, img->layers[0].digest, &path, NULL), 0);
	cleanup_fd int fd = dir_open(p.dfd, "layout", NULL);
	assert_ok(file_write(fd, path.p, STR("short"), 0644, &p.err), p.err);
	assert_int_equal(unpack(&p, img, 0, ""), -1);
	assert_non_null(strstr(p.err.msg, "has 5 bytes, expected"));
	place_close(&p);
}

static void test_equal_layers(void **state)
{
	struct buf tar = one_file();
	struct image_layer three[3];
	struct layer_dir *d;
	struct image *img;
	struct place p;
	bool ready;

	(void)state;
	place_open(&p, &tar);
	img = find(&p, "test");
	for (size_t i = 0; i < 3; i++)
		three[i] = img->layers[0];
	three[1].diff_id = image_digest_text(p.a, STR("other"));
	img->layers = three;
	img->n_layers = 3;
	assert_int_equal(layers(&p, img, "", &d, &ready), 2);
	assert_int_equal(d[0].layer, 1);
	assert_int_equal(d[1].layer, 2);
	place_close(&p);
}

static void test_hidden_layers(void **state)
{
	struct layout_change none = {0};
	struct buf tar = tar_new();
	struct buf lower = one_file();
	struct image_layer two[2];
	struct layer_dir *d;
	struct image *img;
	struct place p;
	bool ready;

	(void)state;
	tar_add(&tar, (struct tar_spec){.name = ".wh..wh..opq"});
	place_open(&p, &tar);
	img = find(&p, "test");
	cleanup_fd int fd = dir_open(p.dfd, "layout", NULL);
	tar_finish(&lower);
	layout_build(p.a, fd, buf_str(&lower), "lower", &none);
	buf_release(&lower);
	assert_ok(store_add_source(p.s, p.layout, &p.err), p.err);
	two[0] = find(&p, "lower")->layers[0];
	two[1] = img->layers[0];
	img->layers = two;
	img->n_layers = 2;
	assert_int_equal(layers(&p, img, "", &d, &ready), 2);
	assert_ok(unpack(&p, img, 1, ""), p.err);
	assert_int_equal(layers(&p, img, "", &d, &ready), 2);
	assert_ok(unpack(&p, img, 0, ""), p.err);
	assert_int_equal(layers(&p, img, "", &d, &ready), 1);
	assert_int_equal(d[0].layer, 1);
	place_close(&p);
}

/* Several processes unpack the same layer at once: all succeed, one directory remains. */
static void test_concurrent(void **state)
{
	struct buf tar = tar_new();
	struct layer_dir *d;
	struct image *img;
	struct place p;
	pid_t pids[6];
	bool ready;

	(void)state;
	for (int i = 0; i < 300; i++) {
		char name[32];
		(void)snprintf(name, sizeof(name), "d%d/f%d", i % 9, i);
		tar_add(&tar, (struct tar_spec){.name = name, .data = "data"});
	}
	place_open(&p, &tar);
	img = find(&p, "test");
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0)
			_exit(unpack(&p, img, 0, "") == 0 ? 0 : 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pids); i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	layers(&p, img, "", &d, &ready);
	assert_true(ready);
	assert_int_equal(count(&p, "layers/real"), 1);
	place_close(&p);
}

static void test_leftovers(void **state)
{
	struct buf tar = one_file();
	struct store *s;
	struct place p;

	(void)state;
	place_open(&p, &tar);
	assert_int_equal(dir_make(p.s->dfd, "layers/real/.tmp-1-dead/fs/x", 0755, NULL), 0);
	assert_int_equal(dir_make(p.s->dfd, "layers/real/.tmp-2-alive/fs/x", 0755, NULL), 0);
	cleanup_fd int fd = dir_open(p.s->dfd, "layers/real/.tmp-2-alive", NULL);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_ok(store_open(p.a, p.dir, &s, &p.err), p.err);
	store_close(s);
	assert_int_equal(count(&p, "layers/real"), 1);
	assert_int_equal(count(&p, "layers/real/.tmp-2-alive"), 1);
	fd_close(&fd);
	assert_ok(store_open(p.a, p.dir, &s, &p.err), p.err);
	store_close(s);
	assert_int_equal(count(&p, "layers/real"), 0);
	place_close(&p);
}

static void test_import_and_remove(void **state)
{
	struct buf tar = one_file();
	struct store_entry *e;
	struct layer_dir *d;
	struct image *img;
	struct place p;
	size_t n;
	bool ready;

	(void)state;
	place_open(&p, &tar);
	assert_ok(store_import(p.s, p.a, p.layout, STR_NONE, &e, &n, &p.err), p.err);
	assert_int_equal(n, 1);
	assert_string_equal(e[0].ref.p, "docker.io/library/test:latest");
	assert_ok(store_import(p.s, p.a, p.layout, STR("test"), &e, &n, &p.err), p.err);
	assert_ok(store_list(p.s, p.a, &e, &n, &p.err), p.err);
	assert_int_equal(n, 1);
	assert_true(e[0].created_wall_ns > 0);
	assert_int_equal(e[0].size_bytes, 2048);
	assert_int_equal(store_import(p.s, p.a, p.layout, STR("no"), &e, &n, &p.err), -1);

	/* a store of its own, without the source */
	store_close(p.s);
	assert_ok(store_open(p.a, p.dir, &p.s, &p.err), p.err);
	img = find(&p, "test");
	assert_int_equal(img->source, IMAGE_FROM_STORE);
	assert_ok(unpack(&p, img, 0, ""), p.err);
	layers(&p, img, "", &d, &ready);
	assert_true(ready);

	/* in use: by this very process */
	assert_int_equal(store_remove(p.s, STR("test"), &p.err), -1);
	assert_non_null(strstr(p.err.msg, "in use"));
	assert_int_equal(count(&p, "blobs/sha256"), 3);
	store_close(p.s);
	assert_ok(store_open(p.a, p.dir, &p.s, &p.err), p.err);
	assert_ok(store_remove(p.s, STR("test"), &p.err), p.err);
	assert_int_equal(count(&p, "blobs/sha256"), 0);
	assert_int_equal(count(&p, "layers/real"), 0);
	assert_int_equal(store_remove(p.s, STR("test"), &p.err), -1);
	assert_int_equal(p.err.kind, ERR_NOT_FOUND);
	place_close(&p);
}

/* What another image needs stays: here the same image under a second name. */
static void test_remove_shared(void **state)
{
	struct layout_change none = {0};
	struct buf tar = one_file();
	struct buf again = one_file();
	struct store_entry *e;
	struct place p;
	size_t n;

	(void)state;
	place_open(&p, &tar);
	assert_ok(store_import(p.s, p.a, p.layout, STR_NONE, &e, &n, &p.err), p.err);
	cleanup_fd int fd = dir_open(p.dfd, "layout", NULL);
	tar_finish(&again);
	layout_build(p.a, fd, buf_str(&again), "twin", &none);
	buf_release(&again);
	assert_ok(store_import(p.s, p.a, p.layout, STR_NONE, &e, &n, &p.err), p.err);
	assert_ok(store_remove(p.s, STR("test"), &p.err), p.err);
	assert_int_equal(count(&p, "blobs/sha256"), 3);
	assert_ok(store_list(p.s, p.a, &e, &n, &p.err), p.err);
	assert_int_equal(n, 1);
	assert_string_equal(e[0].ref.p, "docker.io/library/twin:latest");
	place_close(&p);
}

/* A blob that is not what its digest says never gets into the store. */
static void test_import_verifies(void **state)
{
	struct buf tar = one_file();
	struct store_entry *e;
	struct image *img;
	struct str path, text;
	struct place p;
	size_t n;

	(void)state;
	place_open(&p, &tar);
	img = find(&p, "test");
	assert_int_equal(digest_path(p.a, img->layers[0].digest, &path, NULL), 0);
	cleanup_fd int fd = dir_open(p.dfd, "layout", NULL);
	assert_ok(file_read(p.a, fd, path.p, 1U << 20, &text, &p.err), p.err);
	((char *)(uintptr_t)text.p)[600] ^= 1;
	assert_ok(file_write(fd, path.p, text, 0644, &p.err), p.err);
	assert_int_equal(store_import(p.s, p.a, p.layout, STR_NONE, &e, &n, &p.err), -1);
	assert_non_null(strstr(p.err.msg, "digest does not match"));
	assert_int_equal(count(&p, "blobs/sha256"), 0);
	assert_int_equal(unpack(&p, img, 0, ""), -1);
	assert_non_null(strstr(p.err.msg, "digest does not match"));
	place_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_open),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_layers),
		cmocka_unit_test(test_unusable_layers),
		cmocka_unit_test(test_bad_layer),
		cmocka_unit_test(test_equal_layers),
		cmocka_unit_test(test_hidden_layers),
		cmocka_unit_test(test_concurrent),
		cmocka_unit_test(test_leftovers),
		cmocka_unit_test(test_import_and_remove),
		cmocka_unit_test(test_remove_shared),
		cmocka_unit_test(test_import_verifies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
