/* SPDX-License-Identifier: Apache-2.0 */
/* hosts and resolv.conf as kubelet writes them. */
#include "etc.h"

#include <base/bounds.h>
#include <base/buf.h>
#include <base/vec.h>

struct str etc_hosts(
	struct arena *a, struct str base, struct str hostname, const struct task_launch *l)
{
	struct buf b attr_cleanup(buf_release) = {0};

	buf_init(&b, MIB);
	buf_addf(&b, STR_FMT "%s127.0.1.1\t" STR_FMT "\n", STR_ARG(base),
		str_ends(base, STR("\n")) ? "" : "\n", STR_ARG(hostname));
	for (size_t i = 0; i < l->n_hosts; i++) {
		buf_adds(&b, l->hosts[i].ip);
		for (size_t k = 0; k < l->hosts[i].n_names; k++)
			buf_addf(&b, "\t" STR_FMT, STR_ARG(l->hosts[i].names[k]));
		buf_addc(&b, '\n');
	}
	return arena_str(a, buf_str(&b));
}

/* --- resolv.conf ------------------------------------------------------------------------ */

typedef VEC(struct str) word_vec;

struct resolv {
	word_vec nameservers, searches, options;
};

static void add_once(word_vec *v, struct str word)
{
	for (size_t i = 0; i < v->n; i++) {
		if (str_eq(v->p[i], word))
			return;
	}
	vec_push(v, word);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static struct str next_word(struct str *line)
{
	size_t from = 0;
	size_t to;
	struct str word;

	while (from < line->n && is_blank(line->p[from]))
		from++;
	to = from;
	while (to < line->n && !is_blank(line->p[to]))
		to++;
	word = str_slice(*line, from, to);
	*line = str_slice(*line, to, line->n);
	return word;
}

/* The last search line of a file counts. */
static void read_line(struct resolv *r, struct str line)
{
	struct str key = next_word(&line);
	word_vec *to = NULL;

	if (str_eqz(key, "nameserver")) {
		to = &r->nameservers;
	} else if (str_eqz(key, "search")) {
		to = &r->searches;
		to->n = 0;
	} else if (str_eqz(key, "options")) {
		to = &r->options;
	}
	for (struct str w = next_word(&line); to && w.n; w = next_word(&line))
		add_once(to, w);
}

static void read_base(struct resolv *r, struct str text)
{
	while (text.n) {
		struct str line = text;

		if (!str_cut(text, '\n', &line, &text))
			text = STR_NONE;
		read_line(r, line);
	}
}

/* "name" or "name:value"; one of the pod takes the place of the machine's. */
static void add_option(struct resolv *r, struct arena *a, const struct launch_option *o)
{
	struct str word = o->value.n ? arena_printf(a, STR_FMT ":" STR_FMT, STR_ARG(o->name),
					       STR_ARG(o->value))
				     : o->name;

	for (size_t i = 0; i < r->options.n; i++) {
		struct str name = r->options.p[i];
		struct str value;

		(void)str_cut(r->options.p[i], ':', &name, &value);
		if (str_eq(name, o->name)) {
			r->options.p[i] = word;
			return;
		}
	}
	vec_push(&r->options, word);
}

static void put_words(struct buf *b, const char *key, const word_vec *v)
{
	if (!v->n)
		return;
	buf_addz(b, key);
	for (size_t i = 0; i < v->n; i++)
		buf_addf(b, " " STR_FMT, STR_ARG(v->p[i]));
	buf_addc(b, '\n');
}

static struct str resolv_text(struct arena *a, const struct resolv *r)
{
	struct buf b attr_cleanup(buf_release) = {0};

	buf_init(&b, MIB);
	put_words(&b, "search", &r->searches);
	for (size_t i = 0; i < r->nameservers.n; i++)
		buf_addf(&b, "nameserver " STR_FMT "\n", STR_ARG(r->nameservers.p[i]));
	put_words(&b, "options", &r->options);
	return arena_str(a, buf_str(&b));
}

struct str etc_resolv_conf(struct arena *a, struct str base, const struct launch_dns *dns)
{
	struct resolv r = {0};
	struct str text;

	if (!dns->own_only && !dns->n_nameservers && !dns->n_searches && !dns->n_options)
		return base;
	if (!dns->own_only)
		read_base(&r, base);
	for (size_t i = 0; i < dns->n_nameservers; i++)
		add_once(&r.nameservers, dns->nameservers[i]);
	for (size_t i = 0; i < dns->n_searches; i++)
		add_once(&r.searches, dns->searches[i]);
	for (size_t i = 0; i < dns->n_options; i++)
		add_option(&r, a, &dns->options[i]);
	text = resolv_text(a, &r);
	vec_release(&r.nameservers);
	vec_release(&r.searches);
	vec_release(&r.options);
	return text;
}
