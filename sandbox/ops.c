/* SPDX-License-Identifier: Apache-2.0 */
/* The list of operations: growing it and telling people what an operation does. */
#include "ops.h"

struct op *op_add(struct op_list *l, enum op_kind kind)
{
	struct op *op = vec_add(&l->ops);

	op->kind = kind;
	op->fd = op->upper_fd = op->work_fd = -1;
	return op;
}

void op_list_release(struct op_list *l)
{
	vec_release(&l->ops);
}

static const struct op_text {
	const char *name;
	const char *before; /* followed by the target in quotes, when it has one */
} texts[] = {
	[OP_STAGE] = {"stage", "mount a private tmpfs for the setup on"},
	[OP_LAYER] = {"layer", "lower layer"},
	[OP_OVERLAY] = {"overlay", "mount the overlay root"},
	[OP_IMAGE] = {"image", "mount an image on"},
	[OP_ROOT] = {"root", "mount an empty root"},
	[OP_PROC] = {"proc", "mount a fresh proc on"},
	[OP_READONLY] = {"read-only", "make read-only below /proc"},
	[OP_MASK_FILE] = {"mask-file", "mask below /proc"},
	[OP_MASK_DIR] = {"mask-dir", "mask below /proc"},
	[OP_DEV] = {"dev", "mount a minimal dev on"},
	[OP_DEVICE] = {"device", "device"},
	[OP_LINK] = {"link", "link"},
	[OP_DEVPTS] = {"devpts", "mount a devpts of its own on"},
	[OP_MQUEUE] = {"mqueue", "mount mqueue on"},
	[OP_TMPFS] = {"tmpfs", "mount a tmpfs on"},
	[OP_BIND] = {"bind", "mount"},
	[OP_FILE] = {"file", "mount a generated file on"},
	[OP_MKDIR] = {"mkdir", "make the directory"},
	[OP_SEAL_ROOT] = {"seal-root", "make the root read-only"},
	[OP_ENTER] = {"enter", "enter the root and detach the old one"},
	[OP_HOSTNAME] = {"hostname", "set the host name"},
	[OP_CWD] = {"cwd", "enter the working directory"},
};
_Static_assert(ARRAY_SIZE(texts) == OP_KIND_N, "a text for every kind");

const char *op_kind_name(enum op_kind k)
{
	return texts[k].name;
}

void op_describe(const struct op *op, struct buf *b)
{
	buf_addz(b, texts[op->kind].before);
	if (op->kind == OP_LAYER || op->kind == OP_BIND)
		buf_addf(b, " '%s'", op->source ? op->source : "?");
	if (op->kind == OP_HOSTNAME)
		buf_addf(b, " '%s'", op->source);
	if (op->kind == OP_BIND)
		buf_addz(b, " on");
	if (op->target)
		buf_addf(b, " '%s%s'", op->flags & OP_IN_DEV ? "/dev/" : "", op->target);
	if (op->kind == OP_IMAGE && op->source)
		buf_addf(b, ", of it '%s'", op->source);
	if (op->kind == OP_LINK)
		buf_addf(b, " to '%s'", op->source);
	if (op->flags & OP_READ_ONLY)
		buf_addz(b, ", read-only");
	if (op->flags & OP_SUID)
		buf_addz(b, ", setuid programs count");
	if (op->flags & OP_NOEXEC)
		buf_addz(b, ", noexec");
	if (op->size_bytes && (op->kind == OP_TMPFS || op->kind == OP_FILE))
		buf_addf(b, ", %llu bytes", (unsigned long long)op->size_bytes);
}
