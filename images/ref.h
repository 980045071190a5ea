/* SPDX-License-Identifier: Apache-2.0 */
/* Image references beside the contract: names as layouts and archives write them. */
#ifndef IMAGES_REF_H
#define IMAGES_REF_H

#include <monopod/images.h>

/* domain/path, without tag and digest. */
struct str image_ref_repository(struct arena *a, const struct image_ref *r);
/* A reference without its digest: domain/path[:tag]. */
struct str image_ref_tagged(struct arena *a, const struct image_ref *r);

#endif
