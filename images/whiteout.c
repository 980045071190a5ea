/* SPDX-License-Identifier: Apache-2.0 */
/* Names and on-disk form of whiteouts (image-spec layer.md, kernel overlayfs.rst). */
#include "whiteout.h"

#include <errno.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static const char *const opaque_attrs[] = {"user.overlay.opaque", "trusted.overlay.opaque"};

int whiteout_parse(
	struct str component, enum whiteout_kind *ret, struct str *ret_name, struct err *err)
{
	*ret = WHITEOUT_NONE;
	*ret_name = STR_NONE;
	if (!str_starts(component, STR(".wh.")))
		return 0;
	if (str_eqz(component, ".wh..wh..opq")) {
		*ret = WHITEOUT_OPAQUE;
		return 0;
	}
	if (str_starts(component, STR(".wh..wh."))) {
		*ret = WHITEOUT_AUFS;
		return 0;
	}
	*ret = WHITEOUT_NAME;
	*ret_name = str_slice(component, 4, component.n);
	if (!ret_name->n || str_eqz(*ret_name, ".") || str_eqz(*ret_name, ".."))
		return err_set(err, ERR_IMAGE, "whiteout '" STR_FMT "' names no file",
			STR_ARG(component));
	return 0;
}

bool whiteout_is(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(0, 0);
}

int whiteout_make(int dfd, const char *name, struct err *err)
{
	if (mknodat(dfd, name, S_IFCHR, makedev(0, 0)) < 0)
		return err_sys(err, "make a whiteout for '%s'", name);
	return 0;
}

int whiteout_set_opaque(int dfd, struct err *err)
{
	size_t n_set = 0;
	int why = 0;

	for (size_t i = 0; i < ARRAY_SIZE(opaque_attrs); i++) {
		if (fsetxattr(dfd, opaque_attrs[i], "y", 1, 0) == 0)
			n_set++;
		else if (errno == EPERM || errno == ENOTSUP)
			why = errno;
		else
			return err_sys(err, "mark a directory as opaque");
	}
	if (!n_set)
		return err_sysno(err, why, "mark a directory as opaque");
	return 0;
}

bool whiteout_is_opaque(int dfd)
{
	for (size_t i = 0; i < ARRAY_SIZE(opaque_attrs); i++) {
		char c = 0;

		if (fgetxattr(dfd, opaque_attrs[i], &c, 1) == 1 && c == 'y')
			return true;
	}
	return false;
}
