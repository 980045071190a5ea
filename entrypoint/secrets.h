/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What nobody may read in what monopod writes (product.md, Output): the values of all Secrets
 * of the input, and of those that are docker configurations the passwords inside.
 */
#ifndef ENTRYPOINT_SECRETS_H
#define ENTRYPOINT_SECRETS_H

#include <base/mask.h>
#include <monopod/spec.h>

/* With a warning for each value that cannot be masked. mask_free it. */
struct mask *secrets_mask(const struct spec *s);
/* Strings of this member stay in a document of ours. */
bool secrets_is_own_word(struct str member);
/* A JSON text of ours: names, times and the words of formats stay, so that it can be read back.
 */
struct str secrets_json(const struct mask *m, struct arena *a, struct str json);

#endif
