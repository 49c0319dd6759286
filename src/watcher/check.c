#include "watcher/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd_watch.h"
#include "app/file_in.h"
#include "app/files.h"
#include "app/language.h"
#include "app/page.h"
#include "app/secret.h"
#include "base/mem.h"
#include "deliver/notice.h"
#include "watcher/check_access.h"
#include "watcher/config.h"
#include "watcher/entrance.h"

enum {
	BAD = 2,
	PROBLEMS_MAX = 1000,
	WHY_MAX = 1 << 20,
	PEM_MAX = 16 << 20,
	TOLD_MAX = 256, /* places of which something was said */
	GAP = 2,
};

struct check {
	struct watch_config config;
	struct problems problems;
	struct conf_place told[TOLD_MAX];
	size_t n_told;
};

/* ---- files ---- */

/* Many tests have the same user. */
static bool was_told(struct check *c, struct conf_place at)
{
	for (size_t i = 0; i < c->n_told; i++)
		if (c->told[i].line == at.line && c->told[i].column == at.column)
			return true;
	if (c->n_told < TOLD_MAX)
		c->told[c->n_told++] = at;
	return false;
}

static void check_secret(struct check *c, const char *path, struct conf_place at)
{
	char secret[SECRET_MAX + 1];
	struct text why;

	if (path && secret_read(path, c->config.conf->secrets_group.s, secret, &why) &&
		!was_told(c, at))
		problems_add(&c->problems, at, why);
	mem_wipe(secret, sizeof(secret));
}

/* What is in it is for `stox check config` to judge. */
static void check_file(struct check *c, const char *path, struct conf_place at)
{
	struct buf pem;
	struct text why;

	if (!path)
		return;
	buf_init(&pem, PEM_MAX + 8192);
	if (file_in_read(path, PEM_MAX, &pem, &why) && !was_told(c, at))
		problems_add(&c->problems, at, why);
	buf_done(&pem);
}

static void check_issuers(struct check *c, const struct conf_text *file)
{
	char *path = file->s ? config_path(c->config.path, file->s) : NULL;

	check_file(c, path, file->at);
	free(path);
}

static void check_receiver(struct check *c, const struct plan_receiver *r)
{
	check_secret(c, r->url_file, r->at);
	check_secret(c, r->password_file, r->at);
	check_secret(c, r->token_file, r->at);
	check_file(c, r->ca_file, r->at);
}

/* What a start would do with them. */
static void check_entrance(struct check *c)
{
	struct entrance e;
	struct text why;

	if (entrance_open(&e, NULL, &c->config, &why))
		problems_add(&c->problems, c->config.conf->watch.sign_in.at, why);
	entrance_close(&e);
}

static void check_files(struct check *c)
{
	const struct conf *conf = c->config.conf;
	const struct plan *plan = c->config.plan;

	for (unsigned i = 0; i < plan->n_tests; i++) {
		const struct plan_test *t = &plan->tests[i];

		if (!t->is_enabled)
			continue;
		check_secret(c, t->password_file, t->password_at);
		check_secret(c, t->receiver_password_file, t->receiver_password_at);
	}
	for (size_t i = 0; i < conf->n_pools; i++)
		check_issuers(c, &conf->pools[i].ca_file);
	for (size_t i = 0; i < conf->n_partners; i++)
		check_issuers(c, &conf->partners[i].ca_file);
	for (unsigned i = 0; i < plan->n_receivers; i++)
		check_receiver(c, &plan->receivers[i]);
	check_receiver(c, &plan->ping);
	check_secret(c, plan->history_password_file, conf->watch.history.password_file.at);
	check_file(c, plan->history_ca_file, conf->watch.history.ca_file.at);
	check_entrance(c);
}

/* ---- what it would do ---- */

static void put(struct page *p, struct text t)
{
	page_say(p, &t, 0);
}

static void put_text(struct buf *b, struct text t)
{
	text_put(b, &t, language_look_up);
}

static uint64_t in_seconds(ts_t t)
{
	return (uint64_t)(t / TS_S(1));
}

static void put_probe(struct page *p, const struct conf_probe *probe)
{
	put(p, TEXT(N_("A probe over HTTP takes at most {1} s."), text_u64(probe->timeout.n)));
	for (size_t i = 0; i < probe->allow.n; i++)
		put(p, TEXT(N_("It may ask {1}, which no test has to have."),
			       text_str(probe->allow.v[i].s)));
}

static void put_outside(struct page *p, const struct conf_watch *c)
{
	if (c->site.s)
		put(p, TEXT(N_("Pages are headed {1}."), text_str(c->site.s)));
	for (size_t i = 0; i < c->n_public; i++) {
		const struct conf_public *one = &c->public[i];

		put(p, TEXT(N_("{1} has a page of its own, which calls it {2}: the SHA-256 of its "
			       "token begins with {3}."),
			       text_str(one->partner.s),
			       text_str(one->name.s ? one->name.s : one->partner.s),
			       text_slice(slice_cut(slice_str(one->token_hash.s), 0, 8))));
	}
}

static void put_head(const struct check *c, struct page *p)
{
	const struct plan *plan = c->config.plan;
	unsigned n_off = 0;

	for (unsigned i = 0; i < plan->n_tests; i++)
		n_off += !plan->tests[i].is_enabled;
	put(p, TEXT(N_("{1}: tests: {2}, of which are switched off: {3}; at once: {4}; receivers "
		       "of "
		       "alerts: {5}."),
		       text_str(c->config.path), text_u64(plan->n_tests), text_u64(n_off),
		       text_u64(plan->at_once), text_u64(plan->n_receivers)));
	put(p, TEXT(N_("The history is {1}: runs are kept for {2} days, hours for {3}; days begin "
		       "as "
		       "in the time zone {4}."),
		       text_str(plan->history_server ? "PostgreSQL" : plan->history_file),
		       text_u64(plan->raw_days), text_u64(plan->hour_days),
		       text_str(plan->zones[0].name)));
	if (plan->history_server)
		put(p, TEXT(N_("It is kept in PostgreSQL, {1}; while that is away, in {2}."),
			       text_str(plan->history_server), text_str(plan->history_file)));
	if (plan->conf->probe.at.line)
		put_probe(p, &plan->conf->probe);
	if (plan->history_bytes_max)
		put(p, TEXT(N_("It has at most {1} MiB."),
			       text_u64(plan->history_bytes_max >> 20)));
	for (unsigned i = 0; i < plan->n_listen; i++)
		put(p, TEXT(plan->listen[i].is_tls ? N_("Its pages are at https://{1}/.")
						   : N_("Its pages are at http://{1}/."),
			       text_addr(&plan->listen[i].addr)));
	if (plan->location[0])
		put(p, TEXT(N_("It stands at {1}."), text_str(plan->location)));
	if (plan->history_server)
		put(p, TEXT(N_("With others of one history: what it leaves for {1} s is taken by "
			       "them."),
			       text_u64(in_seconds(plan->lease))));
	if (plan->url)
		put(p, TEXT(N_("Links in alerts begin with {1}."), text_str(plan->url)));
	put_outside(p, plan->conf);
	sheet_end(&p->sheet, 0);
}

/* ---- a test ---- */

static void put_windows(struct buf *b, const struct plan_test *t)
{
	for (unsigned i = 0; i < t->n_windows; i++)
		buf_printf(b, "%s%s", i ? ", " : "", t->windows[i].text);
}

static void put_labels(struct buf *b, const struct alert_label *labels, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		buf_printf(b, "%s%.*s=", i ? ", " : "", SLICE_FMT(labels[i].name));
		text_put_clean(b, labels[i].value);
	}
}

static void put_who(struct buf *b, const struct plan_test *t)
{
	const bool is_back = notice_direction_of(slice_str(t->direction)) == SENTENCE_FROM;

	if (t->user && t->receiver_server)
		put_text(b, TEXT(is_back ? N_("From {2} at {3} to {1}.")
					 : N_("From {1} to {2} at {3}."),
				    text_str(t->user), text_str(t->receiver),
				    text_str(t->receiver_server)));
	else if (t->user && t->receiver)
		put_text(b, TEXT(is_back ? N_("From {2} to {1}.") : N_("From {1} to {2}."),
				    text_str(t->user), text_str(t->receiver)));
	else if (t->user)
		put_text(b, TEXT(N_("As {1}."), text_str(t->user)));
	else
		return;
	buf_putc(b, ' ');
}

#define CALM_US (INT64_C(15) * 60 * 1000000) /* as it is without the setting */

/* What only some have, behind what all have. */
static void put_more(struct buf *b, const struct plan_test *t)
{
	if (t->expected) {
		buf_putc(b, ' ');
		put_text(b, TEXT(N_("It is to fail: {1}."), text_str(reason_id(t->expected))));
	}
	if (t->location[0])
		buf_printf(b, " %s", language_look_up(N_("Run at every location.")));
	if (t->state.calm_us != CALM_US) {
		buf_putc(b, ' ');
		put_text(b, TEXT(N_("An incident is over when the test was well for {1} min."),
				    text_u64((uint64_t)t->state.calm_us / 60000000)));
	}
	if (t->n_windows) {
		buf_printf(b, " %s ", language_look_up(N_("Maintenance:")));
		put_windows(b, t);
		buf_putc(b, '.');
	}
	if (t->n_labels > t->n_own_labels) {
		buf_printf(b, " %s ", language_look_up(N_("Labels:")));
		put_labels(b, t->labels + t->n_own_labels, t->n_labels - t->n_own_labels);
		buf_putc(b, '.');
	}
}

static void put_test(struct page *p, const struct plan_test *t, unsigned column)
{
	struct buf *b = &p->sheet.line;

	buf_puts(b, t->key);
	sheet_tab(&p->sheet, column);
	if (!t->is_enabled)
		buf_printf(b, "%s ", language_look_up(N_("Switched off.")));
	put_who(b, t);
	put_text(b,
		TEXT(N_("Every {1} s, at most {2} s; retries: {3}, {4} s later; failed with {5} of "
			"{6}, well again with {7}; {8}."),
			text_u64(in_seconds(t->interval)), text_u64(in_seconds(t->timeout)),
			text_u64(t->expected ? 0 : t->retries),
			text_u64(in_seconds(t->retry_pause)), text_u64(t->state.fail_n),
			text_u64(t->state.fail_m), text_u64(t->state.recover_k),
			text_str(conf_severity_name(t->severity))));
	put_more(b, t);
	sheet_end(&p->sheet, column);
}

/* ---- who is told ---- */

/* Without its path, which may be a secret. */
static struct slice host_of(const char *url)
{
	const struct slice s = slice_str(url);
	const size_t host = slice_find(s, SLICE("://")) + 3;

	return slice_cut(s, 0, host + slice_chr(slice_skip(s, host), '/'));
}

static void put_address(struct buf *b, const struct plan_receiver *r)
{
	if (r->url)
		text_put_clean(b, host_of(r->url));
	else if (r->url_file)
		text_put_clean(b, slice_str(r->url_file));
	for (const char **arg = r->argv; arg && *arg; arg++) {
		buf_puts(b, arg == r->argv ? "" : " ");
		text_put_clean(b, slice_str(*arg));
	}
	if (r->from)
		buf_printf(b, ", %s ->", r->from);
	for (unsigned i = 0; i < r->n_to; i++)
		buf_printf(b, "%s %s", i ? "," : "", r->to[i]);
	if (r->is_plain)
		buf_printf(b, ", %s", language_look_up(N_("without TLS")));
	if (r->user) {
		buf_puts(b, ", ");
		put_text(b, TEXT(N_("signed in as {1}"), text_str(r->user)));
	}
}

static void put_receiver(
	struct page *p, const struct plan_receiver *r, const struct alert_receiver *a)
{
	struct buf *b = &p->sheet.line;

	buf_printf(b, "%s: %s, ", r->name, conf_alert_kind_name(r->kind));
	put_address(b, r);
	buf_puts(b, ". ");
	put_text(b, TEXT(N_("Told of severity {1} and above, for at most {2} s each."),
			    text_str(conf_severity_name(a->minimum)),
			    text_u64(in_seconds(a->timeout))));
	if (a->n_labels) {
		buf_printf(b, " %s ", language_look_up(N_("Labels:")));
		put_labels(b, a->labels, a->n_labels);
		buf_putc(b, '.');
	}
	if (a->remind) {
		buf_putc(b, ' ');
		put_text(b, TEXT(N_("Told again every {1} min."),
				    text_u64(in_seconds(a->remind) / 60)));
	}
	if (!a->wants_end)
		buf_printf(b, " %s", language_look_up(N_("Not told of the end.")));
	sheet_end(&p->sheet, GAP);
}

static void put_receivers(struct page *p, const struct plan *plan)
{
	struct buf *b = &p->sheet.line;

	if (plan->n_receivers)
		sheet_end(&p->sheet, 0);
	for (unsigned i = 0; i < plan->n_receivers; i++)
		put_receiver(p, &plan->receivers[i], &plan->alerts[i]);
	if (!plan->ping.name)
		return;
	buf_printf(b, "%s: ", plan->ping.name);
	put_address(b, &plan->ping);
	buf_puts(b, ". ");
	put_text(b,
		TEXT(N_("Every {1} s, at most {2} s."), text_u64(in_seconds(plan->ping_interval)),
			text_u64(in_seconds(plan->ping.timeout))));
	sheet_end(&p->sheet, GAP);
}

static void put_plan(const struct check *c)
{
	const struct plan *plan = c->config.plan;
	size_t widest = 0;
	struct page p;

	for (unsigned i = 0; i < plan->n_tests; i++)
		widest = strlen(plan->tests[i].key) > widest ? strlen(plan->tests[i].key) : widest;
	page_begin(&p, stdout, 0);
	put_head(c, &p);
	for (unsigned i = 0; i < plan->n_tests; i++)
		put_test(&p, &plan->tests[i], (unsigned)widest + GAP);
	put_receivers(&p, plan);
	check_put_access(&p, plan);
	if (!c->problems.n) {
		sheet_end(&p.sheet, 0);
		put(&p, TEXT_PLAIN(N_("All secrets and certificates of these can be read.")));
	}
	page_end(&p);
}

int watch_check(const char *file)
{
	struct check c = { .problems = { .look_up = language_look_up, .max = PROBLEMS_MAX } };
	struct buf why;

	buf_init(&why, WHY_MAX);
	int status = watch_config_open(&c.config, file, language_look_up, &why);
	if (!status) {
		c.problems.out = &why;
		c.problems.file_name = c.config.path;
		check_files(&c);
		put_plan(&c);
		status = c.problems.n ? BAD : 0;
	}
	opt_complain_lines(&watch_command, buf_cstr(&why));
	buf_done(&why);
	watch_config_done(&c.config);
	return status;
}
