/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the store and finding images in the sources and in it. */
#include "store.h"

#include "ref.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/clock.h>
#include <base/fd.h>
#include <base/file.h>
#include <base/path.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char store_marker[] = "monopod-store";

int store_lock(int dfd, int operation, struct err *err)
{
	cleanup_fd int fd =
		openat(dfd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_sys(err, "store: open 'lock'");
	while (flock(fd, operation) < 0)
		if (errno != EINTR)
			return err_sys(err, "store: lock");
	return fd_take(&fd);
}

/*
 * What may be in a directory that becomes a store: a volume's lost+found, and what another
 * process has made so far that is making the same store.
 */
static bool store_may_hold(struct str name)
{
	static const char *const names[] = {
		"lost+found", "lock", "blobs", "layers", store_marker};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (str_eqz(name, names[i]))
			return true;
	return str_starts(name, STR(".monopod-store."));
}

/* A directory with other things in it is not turned into a store. */
static int store_check_empty(struct arena *a, int dfd, struct err *err)
{
	struct str *names;
	size_t n;

	if (dir_list(a, dfd, BOUND_INDEX_ENTRIES, &names, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!store_may_hold(names[i]))
			return err_set(err, ERR_USAGE,
				"holds '" STR_FMT "': neither empty nor a store",
				STR_ARG(names[i]));
	return 0;
}

static int store_check_owner(int dfd, struct err *err)
{
	struct stat st;

	if (fstat(dfd, &st) < 0)
		return err_sys(err, "stat");
	if (st.st_uid != geteuid())
		return err_set(err, ERR_USAGE,
			"is owned by uid %u, expected the caller's own (%u); a directory below "
			"it "
			"may serve",
			st.st_uid, geteuid());
	if ((st.st_mode & 07777) != 0700 && fchmod(dfd, 0700) < 0)
		return err_sys(err, "make it private");
	return 0;
}

static int store_make(struct arena *a, int dfd, struct err *err)
{
	cleanup_fd int lock_fd = -1;

	if (faccessat(dfd, store_marker, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return store_check_owner(dfd, err);
	if (store_check_empty(a, dfd, err) < 0 || store_check_owner(dfd, err) < 0)
		return -1;
	lock_fd = store_lock(dfd, LOCK_EX, err);
	if (lock_fd < 0)
		return -1;
	if (faccessat(dfd, store_marker, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0; /* made while we waited */
	if (dir_make(dfd, "blobs/sha256", 0700, err) < 0 ||
		dir_make(dfd, "blobs/sha512", 0700, err) < 0 ||
		dir_make(dfd, "layers", 0700, err) < 0)
		return -1;
	return file_write_atomic(dfd, store_marker, STR("{\"version\":1}\n"), 0600, err);
}

static struct str boot_id(struct arena *a)
{
	struct str text;

	/* without /proc nothing is known of the past: no layer is taken from there */
	if (file_read(a, AT_FDCWD, "/proc/sys/kernel/random/boot_id", 100, &text, NULL) < 0)
		return arena_printf(a, "unknown-%lld", (long long)clock_wall_ns());
	return arena_str(a, str_trim(text));
}

int store_open(struct arena *a, struct str dir, struct store **ret, struct err *err)
{
	struct str path;

	if (path_absolute(a, dir, &path, err) < 0 ||
		dir_make(AT_FDCWD, str_c(path), 0700, err) < 0)
		return err_wrap(err, "store '" STR_FMT "'", STR_ARG(dir));
	cleanup_fd int dfd = dir_open(AT_FDCWD, str_c(path), err);
	if (dfd < 0 || store_make(a, dfd, err) < 0)
		return err_wrap(err, "store '" STR_FMT "'", STR_ARG(dir));

	struct store *s = arena_new_object(a, struct store);
	s->arena = a;
	s->dir = path;
	s->dfd = fd_take(&dfd);
	s->boot = boot_id(a);
	layers_clean(a, s->dfd);
	*ret = s;
	return 0;
}

void store_close(struct store *s)
{
	struct source **src;
	int *pin_fd;

	if (!s)
		return;
	vec_foreach (src, &s->sources)
		source_close(*src);
	vec_foreach (pin_fd, &s->pins)
		fd_close(pin_fd);
	vec_release(&s->sources);
	vec_release(&s->pins);
	fd_close(&s->dfd);
}

int store_dfd(const struct store *s)
{
	return s->dfd;
}

int store_add_source(struct store *s, struct str path, struct err *err)
{
	struct source *src;

	if (source_open(s->arena, path, s->dfd, &src, err) < 0)
		return -1;
	vec_push(&s->sources, src);
	return 0;
}

int store_own(const struct store *s, struct arena *a, struct source **ret, struct err *err)
{
	return source_open_layout(a, s->dfd, s->dir, true, ret, err);
}

/* --- not found --- */

struct listing {
	struct buf names;
	size_t n;
	struct str wanted;
	struct str nearest;
	size_t distance;
	struct str other_digest; /* the name is there, with this one */
};

static void listing_add(struct listing *l, const struct source *src, const char *repository)
{
	for (size_t i = 0; i < src->n_images; i++) {
		const struct source_image *si = &src->images[i];
		struct str name = si->name.n ? si->name : si->raw.n ? si->raw : si->d.digest;

		buf_addz(&l->names, l->n ? ", " : "");
		buf_adds(&l->names, name);
		l->n++;
		size_t d = str_distance(name, l->wanted, l->distance);
		if (d < l->distance) {
			l->distance = d;
			l->nearest = name;
		}
		if (str_eqz(si->repository, repository))
			l->other_digest = si->d.digest;
	}
}

int store_not_found(const struct store *s, struct arena *a, const struct image_ref *r,
	const struct source *own, struct err *err)
{
	struct str repository = image_ref_repository(a, r);
	struct listing l = {.wanted = image_ref_tagged(a, r)};

	l.distance = l.wanted.n / 3 + 1;
	buf_init(&l.names, 300);
	for (size_t i = 0; i < s->sources.n; i++)
		listing_add(&l, s->sources.p[i], str_c(repository));
	listing_add(&l, own, str_c(repository));
	struct str names = arena_str(a, buf_str(&l.names));
	buf_release(&l.names);

	struct str text = image_ref_text(a, r);
	if (r->digest.n && l.other_digest.n)
		return err_set(err, ERR_NOT_FOUND,
			"image '" STR_FMT "': the digest does not match, there is " STR_FMT,
			STR_ARG(text), STR_ARG(l.other_digest));
	if (!l.n)
		return err_set(err, ERR_NOT_FOUND,
			"image '" STR_FMT
			"': not found; there are no images in the sources or in "
			"the store '" STR_FMT "'",
			STR_ARG(text), STR_ARG(s->dir));
	if (l.nearest.n)
		return err_set(err, ERR_NOT_FOUND,
			"image '" STR_FMT "': not found; did you mean '" STR_FMT
			"'? there are: " STR_FMT "%s",
			STR_ARG(text), STR_ARG(l.nearest), STR_ARG(names),
			l.names.full ? "..." : "");
	return err_set(err, ERR_NOT_FOUND,
		"image '" STR_FMT "': not found; there are: " STR_FMT, STR_ARG(text),
		STR_ARG(names));
}

/* --- lookup --- */

static int find_in(const struct source *src, struct arena *a, const struct image_ref *r,
	struct image **ret, struct err *err)
{
	const struct source_image *si = source_find(src, a, r);

	*ret = NULL;
	if (!si)
		return 0;
	if (source_load(src, a, si, ret, err) < 0)
		return err_wrap_as(err, ERR_IMAGE, "image '" STR_FMT "' of '" STR_FMT "'",
			STR_ARG(image_ref_text(a, r)), STR_ARG(src->blobs.label));
	(*ret)->ref = image_ref_text(a, r);
	return 0;
}

static int find_in_store(const struct store *s, struct arena *a, const struct image_ref *r,
	struct image **ret, struct err *err)
{
	struct source *own;
	int rc;

	if (store_own(s, a, &own, err) < 0)
		return -1;
	rc = find_in(own, a, r, ret, err);
	if (rc == 0 && *ret)
		(*ret)->source = IMAGE_FROM_STORE;
	if (rc == 0 && !*ret)
		rc = store_not_found(s, a, r, own, err);
	source_close(own);
	return rc;
}

int store_find(
	struct store *s, struct arena *a, struct str ref, struct image **ret, struct err *err)
{
	struct image_ref r;

	if (image_ref_parse(a, ref, &r, err) < 0)
		return -1;
	for (size_t i = 0; i < s->sources.n; i++) {
		if (find_in(s->sources.p[i], a, &r, ret, err) < 0)
			return -1;
		if (!*ret)
			continue;
		(*ret)->source = i;
		return 0;
	}
	return find_in_store(s, a, &r, ret, err);
}
