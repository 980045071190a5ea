/* SPDX-License-Identifier: Apache-2.0 */
/* Capability sets of steps. */
#include "caps.h"
#include <base/attr.h>
#include <sys/capability.h>
#include <sys/prctl.h>

static const cap_value_t step_default[] = {
	CAP_CHOWN,
	CAP_DAC_OVERRIDE,
	CAP_FOWNER,
	CAP_FSETID,
	CAP_KILL,
	CAP_NET_BIND_SERVICE,
	CAP_SETFCAP,
	CAP_SETGID,
	CAP_SETPCAP,
	CAP_SETUID,
	CAP_SYS_CHROOT,
};

uint64_t caps_step_default(void)
{
	uint64_t set = 0;

	for (size_t i = 0; i < ARRAY_SIZE(step_default); i++)
		set |= UINT64_C(1) << step_default[i];
	return set;
}

uint64_t caps_of_step(const struct sandbox_security *s)
{
	uint64_t set = s->adds_all ? UINT64_MAX : caps_step_default();

	if (s->drops_all)
		set = 0;
	return (set | s->cap_add) & ~s->cap_drop;
}

bool caps_need_nest(uint64_t set)
{
	const uint64_t files = UINT64_C(1) << CAP_DAC_READ_SEARCH | UINT64_C(1)
									    << CAP_IPC_OWNER;
	uint64_t known = (UINT64_C(2) << CAP_LAST_CAP) - 1;

	return set & ~(caps_step_default() | files) & known;
}

void caps_pass_permissions(void)
{
	const cap_value_t cap = CAP_DAC_OVERRIDE;
	cap_t caps = cap_get_proc();

	if (!caps)
		return;
	if (cap_set_flag(caps, CAP_EFFECTIVE, 1, &cap, CAP_SET) == 0)
		(void)cap_set_proc(caps);
	cap_free(caps);
}

uint32_t caps_last(void)
{
	uint32_t c = CAP_LAST_CAP;

	while (c < 63 && prctl(PR_CAPBSET_READ, c + 1UL) >= 0)
		c++;
	while (c > 0 && prctl(PR_CAPBSET_READ, (unsigned long)c) < 0)
		c--;
	return c;
}
