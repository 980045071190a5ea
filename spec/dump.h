/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of the model as JSON that several of its objects have, private to spec/. */
#ifndef SPEC_DUMP_H
#define SPEC_DUMP_H

#include <base/json.h>
#include <monopod/spec.h>

static inline void put_text(struct json_writer *w, const char *key, struct text t)
{
	if (text_given(t))
		json_field(w, key, t.s);
}

static inline void put_bool(struct json_writer *w, const char *key, struct maybe_bool b)
{
	if (b.pos.line)
		json_field_bool(w, key, b.v);
}

static inline void put_int(struct json_writer *w, const char *key, struct maybe_int i)
{
	if (i.pos.line)
		json_field_int(w, key, i.v);
}

/* dump_pod.c; each writes a member that is left out when it is not given. */
void dump_texts(
	struct json_writer *w, const char *key, const struct text *t, size_t n, bool given);
void dump_resources(struct json_writer *w, const struct resources *r);
void dump_security_context(struct json_writer *w, const struct security_context *s);
void dump_env(struct json_writer *w, const struct step *s); /* env and envFrom */
void dump_mounts(struct json_writer *w, const struct step *s);
void dump_volumes(struct json_writer *w, const struct volume *volumes, size_t n);
/* dump_probe.c: probes and hooks, those that are there */
void dump_probes(struct json_writer *w, const struct sidecar *s);

#endif
