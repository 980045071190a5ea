/* SPDX-License-Identifier: Apache-2.0 */
/* Tar headers: ustar, with a pax header in front where ustar has no room. */
#ifndef IMAGES_TAR_WRITE_H
#define IMAGES_TAR_WRITE_H

#include "tar.h"

/* Appends the header block(s) of an entry. Directories get a trailing slash; the empty name is
 * "./". Times are whole seconds. The data and its padding are the caller's. */
void tar_write_header(struct buf *out, const struct tar_entry *e);

#endif
