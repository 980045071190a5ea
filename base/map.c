/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing over an array in insertion order. The table grows at half full, so probes
 * stay short. Keys come from hostile input, so the hash is keyed (SipHash-1-3) with the bytes
 * that the kernel gives every process; the order of iteration never depends on it.
 */
#include <base/map.h>

#include <string.h>
#include <sys/auxv.h>

enum { MAP_FIRST_SLOTS = 16 };

void map_init(struct map *m, struct arena *a)
{
	*m = (struct map){.arena = a};
}

static uint64_t map_rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void map_sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = map_rotate(v[1], 13) ^ v[0];
	v[3] = map_rotate(v[3], 16) ^ v[2];
	v[0] = map_rotate(v[0], 32) + v[3];
	v[2] += v[1];
	v[1] = map_rotate(v[1], 17) ^ v[2];
	v[3] = map_rotate(v[3], 21) ^ v[0];
	v[2] = map_rotate(v[2], 32);
}

static size_t map_hash(struct str s)
{
	uint64_t key[2] = {0};
	const void *seed;
	unsigned long at = getauxval(AT_RANDOM);
	uint64_t word;

	memcpy(&seed, &at, sizeof(seed));
	if (seed)
		memcpy(key, seed, sizeof(key));

	uint64_t v[4] = {
		key[0] ^ UINT64_C(0x736f6d6570736575),
		key[1] ^ UINT64_C(0x646f72616e646f6d),
		key[0] ^ UINT64_C(0x6c7967656e657261),
		key[1] ^ UINT64_C(0x7465646279746573),
	};

	for (size_t i = 0; i <= s.n / 8; i++) {
		size_t left = s.n - i * 8;

		word = 0;
		if (left)
			memcpy(&word, s.p + i * 8, left < 8 ? left : 8);
		if (left < 8)
			word |= (uint64_t)s.n << 56;
		v[3] ^= word;
		map_sip_round(v);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		map_sip_round(v);
	return (size_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/* The slot of the key, or the free one where it belongs. */
static size_t map_slot(const struct map *m, struct str key)
{
	size_t i = map_hash(key) & (m->n_slots - 1);

	while (m->slots[i] && !str_eq(m->entries[m->slots[i] - 1].key, key))
		i = (i + 1) & (m->n_slots - 1);
	return i;
}

static struct map_entry *map_find(const struct map *m, struct str key)
{
	size_t i;

	if (!m->n_slots)
		return NULL;
	i = map_slot(m, key);
	return m->slots[i] ? &m->entries[m->slots[i] - 1] : NULL;
}

void *map_get(const struct map *m, struct str key)
{
	const struct map_entry *e = map_find(m, key);

	return e ? e->value : NULL;
}

bool map_has(const struct map *m, struct str key)
{
	return map_find(m, key) != NULL;
}

/* The old arrays stay in the arena; doubling bounds that waste by the final size. */
static void map_grow(struct map *m)
{
	size_t n_slots = m->n_slots ? m->n_slots * 2 : MAP_FIRST_SLOTS;
	struct map_entry *entries = arena_new_array(m->arena, struct map_entry, n_slots / 2);

	BUG_ON(n_slots > UINT32_MAX);
	if (m->n)
		memcpy(entries, m->entries, m->n * sizeof(*entries));
	m->entries = entries;
	m->cap = n_slots / 2;
	m->slots = arena_new_array(m->arena, uint32_t, n_slots);
	m->n_slots = n_slots;
	for (size_t i = 0; i < m->n; i++)
		m->slots[map_slot(m, entries[i].key)] = (uint32_t)(i + 1);
}

bool map_set(struct map *m, struct str key, void *value)
{
	struct map_entry *old = map_find(m, key);

	if (old) {
		old->value = value;
		return false;
	}
	if (m->n == m->cap)
		map_grow(m);
	m->entries[m->n] = (struct map_entry){.key = arena_str(m->arena, key), .value = value};
	m->n++;
	m->slots[map_slot(m, key)] = (uint32_t)m->n;
	return true;
}
