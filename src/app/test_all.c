/* `stox test --all`: each pool that has a test user with each partner that has a receiver, one
 * after the other, and a table of them at the end. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/language.h"
#include "app/page.h"
#include "app/test_private.h"
#include "base/mem.h"
#include "conf/pairs.h"

enum { PAIRS_MAX = 64 * 4096 }; /* the configuration's own limits */

struct pair {
	const char *pool, *partner;
	int status;
	struct test_end end;
};

struct all {
	const struct opt_command *command;
	const struct test_values *v;
	struct conf *conf;
	char *path;
	struct pair *pairs;
	size_t n_pairs;
};

static int refuse(const struct all *a, struct text why)
{
	opt_complain(a->command, why);
	return 2;
}

/* ---- which ---- */

static bool is_wanted(const struct all *a, const struct conf_pool *pool)
{
	return pool->n_test_users && (!a->v->target || strcasecmp(a->v->target, pool->fqdn.s) == 0);
}

static int add_pairs(struct all *a)
{
	const struct conf *c = a->conf;

	for (size_t i = 0; i < c->n_pools; i++)
		for (size_t k = 0; is_wanted(a, &c->pools[i]) && k < c->n_partners; k++) {
			const struct conf_partner *partner = &c->partners[k];
			const bool named = !a->v->partner ||
					   conf_partner_serves(partner, slice_str(a->v->partner));

			if (!conf_has_receiver(partner) || !named || a->n_pairs == PAIRS_MAX)
				continue;
			struct pair *more =
				mem_realloc(a->pairs, (a->n_pairs + 1) * sizeof(*a->pairs));
			if (!more)
				return 3;
			a->pairs = more;
			a->pairs[a->n_pairs++] = (struct pair){ .pool = c->pools[i].fqdn.s,
				.partner = partner->domain.s };
		}
	if (a->n_pairs)
		return 0;
	return refuse(a, TEXT(N_("{1} has no pool with a test user, or no partner with a receiver, "
				 "of that name"),
				 text_str(a->path)));
}

/* A form that is one document cannot hold several results. */
static int check_forms(const struct all *a)
{
	static const char *const many[] = { "text", "json", "cloudprober" };

	for (size_t i = 0; i < COUNT(many); i++)
		if (!a->v->format || strcmp(a->v->format, many[i]) == 0)
			return 0;
	return refuse(a, TEXT(N_("--all: the form {1} holds one result; send each to a file: "
				 "--output {1}=FILE"),
				 text_str(a->v->format)));
}

/* ---- one ---- */

/* "out.json" is out-POOL-PARTNER.json: each result has a file of its own. */
static char *name_file(const char *item, const struct pair *p)
{
	const char *name = strrchr(item, '/');
	const char *dot = strrchr(name ? name : item, '.');
	const size_t n = dot ? (size_t)(dot - item) : strlen(item);
	char *ret = NULL;

	if (slice_ends(slice_str(item), SLICE("=-")))
		return strdup(item);
	return asprintf(&ret, "%.*s-%s-%s%s", (int)n, item, p->pool, p->partner, item + n) < 0
		       ? NULL
		       : ret;
}

static void name_files(struct opt_list *list, const struct pair *p)
{
	for (unsigned i = 0; i < list->n; i++)
		list->items[i] = name_file(list->items[i], p);
}

static void free_names(struct opt_list *list)
{
	for (unsigned i = 0; i < list->n; i++)
		free((void *)(uintptr_t)list->items[i]);
}

static void run_one(const struct all *a, struct pair *p)
{
	struct test_values v = *a->v;

	v.target = p->pool;
	v.partner = p->partner;
	name_files(&v.outputs, p);
	name_files(&v.traces, p);
	p->status = test_run_told(a->command, &v, &p->end);
	free_names(&v.outputs);
	free_names(&v.traces);
}

/* ---- the table ---- */

static void put_end(struct buf *b, const struct pair *p)
{
	const struct test_end *e = &p->end;

	if (!e->ran)
		buf_printf(b, "%s %d", language_look_up(N_("not run: exit status")), p->status);
	else if (e->success)
		buf_printf(
			b, "%s %.3f s", language_look_up(N_("Success")), (double)e->latency / 1e6);
	else
		buf_printf(b, "%s %s, %s", language_look_up(N_("Failure")), reason_id(e->reason),
			phase_name(e->phase));
}

static void put_table(const struct all *a, size_t n)
{
	enum { GAP = 2 };
	size_t pool = 0, partner = 0;
	struct page p;

	for (size_t i = 0; i < n; i++) {
		const size_t k = strlen(a->pairs[i].pool), m = strlen(a->pairs[i].partner);

		pool = k > pool ? k : pool;
		partner = m > partner ? m : partner;
	}
	const unsigned second = (unsigned)pool + GAP, third = second + (unsigned)partner + GAP;
	page_begin(&p, stdout, 0);
	for (size_t i = 0; i < n; i++) {
		buf_puts(&p.sheet.line, a->pairs[i].pool);
		sheet_tab(&p.sheet, second);
		buf_puts(&p.sheet.line, a->pairs[i].partner);
		sheet_tab(&p.sheet, third);
		put_end(&p.sheet.line, &a->pairs[i]);
		sheet_end(&p.sheet, third);
	}
	page_end(&p);
}

/* ---- all ---- */

/* A failure of the target is worse than a test that could not be run. */
static int worse(int a, int b)
{
	static const int order[] = { 0, 4, 2, 3, 1 };
	size_t at[2] = { 0, 0 };

	for (size_t i = 0; i < COUNT(order); i++) {
		at[0] = order[i] == a ? i : at[0];
		at[1] = order[i] == b ? i : at[1];
	}
	return at[0] > at[1] ? a : b;
}

static int run_all(struct all *a)
{
	const bool is_text = (!a->v->format && !a->v->write_out) ||
			     (a->v->format && strcmp(a->v->format, "text") == 0);
	int status = 0;
	size_t n = 0;

	while (n < a->n_pairs) {
		run_one(a, &a->pairs[n]);
		status = worse(status, a->pairs[n].status);
		if (is_text)
			putchar('\n');
		fflush(stdout);
		if (a->pairs[n++].end.interrupted)
			break;
	}
	if (is_text)
		put_table(a, n);
	return fflush(stdout) && !status ? 3 : status;
}

int test_run_all(const struct opt_command *cmd, const struct test_values *values)
{
	struct all a = { .command = cmd, .v = values };
	int status = test_read_config(cmd, values->config, &a.conf, &a.path);

	if (!status && values->receiver)
		status = refuse(&a, TEXT_PLAIN(N_("--all and --receiver exclude each other")));
	if (!status && !a.conf)
		status = refuse(
			&a, TEXT_PLAIN(N_("--all needs a configuration, and there is none")));
	if (!status)
		status = check_forms(&a);
	if (!status)
		status = add_pairs(&a);
	if (!status)
		status = run_all(&a);
	mem_free(a.pairs);
	conf_free(a.conf);
	free(a.path);
	return status;
}
