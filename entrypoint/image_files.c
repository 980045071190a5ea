/* SPDX-License-Identifier: Apache-2.0 */
/* Reading maps and locks. */
#include "image_files.h"

#include <base/bounds.h>
#include <base/file.h>
#include <fcntl.h>

enum { MAP_FILE_BYTES = MIB };

int image_files_map(
	const struct options *o, struct arena *a, struct image_map **ret, struct err *err)
{
	struct image_map *map = image_map_new(a);

	for (size_t i = 0; i < o->n_image_map_files; i++) {
		struct str text;

		if (file_read(a, AT_FDCWD, str_c(o->image_map_files[i]), MAP_FILE_BYTES, &text,
			    err))
			return err_wrap_as(err, ERR_USAGE, "read image map '%s'",
				str_c(o->image_map_files[i]));
		if (image_map_add_file(map, o->image_map_files[i], text, err))
			return err_wrap_as(err, ERR_USAGE, "image map");
	}
	for (size_t i = 0; i < o->n_image_maps; i++) {
		if (image_map_add(map, o->image_maps[i], err))
			return err_wrap_as(
				err, ERR_USAGE, "--image-map '%s'", str_c(o->image_maps[i]));
	}
	*ret = map;
	return 0;
}

int image_files_lock(
	const struct options *o, struct arena *a, struct image_lock **ret, struct err *err)
{
	struct str text;

	*ret = NULL;
	if (!o->image_lock.n)
		return 0;
	if (file_read(a, AT_FDCWD, str_c(o->image_lock), BOUND_LOCK_BYTES, &text, err) ||
		image_lock_parse(a, text, ret, err))
		return err_wrap_as(
			err, ERR_USAGE, "read image lock '%s'", str_c(o->image_lock));
	return 0;
}
