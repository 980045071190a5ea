/* SPDX-License-Identifier: Apache-2.0 */
/* The config document of an image: what to run as whom, and the diff IDs of its layers. */
#ifndef IMAGES_CONFIG_H
#define IMAGES_CONFIG_H

#include <monopod/images.h>

/*
 * Fills img->config and the diff IDs of img->layers, whose number must agree. Labels, volumes,
 * ports, stop signals and health checks configure nothing.
 */
int image_load_config(struct arena *a, struct str text, struct image *img, struct err *err);

struct json;
/* The part of it that a lock file carries, too: Entrypoint, Cmd, Env, User, WorkingDir. v may
 * be NULL: nothing of it. */
int image_config_read(
	struct arena *a, const struct json *v, struct image_config *ret, struct err *err);

#endif
