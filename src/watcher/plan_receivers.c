/* Who is told of incidents. */
#include <stdlib.h>

#include "base/mem.h"
#include "watcher/plan_private.h"

/* A receiver that fails is tried again behind so long, twice as long, and so on; what could not be
 * told within the hour is told by the page, or by the next reminder. */
#define PAUSE_MIN TS_S(5)
#define PAUSE_MAX TS_S(300)
#define GIVE_UP   TS_S(3600)
/* Prometheus tells Alertmanager each minute what still fails, and has it end four of them later. */
#define ALERTMANAGER_REMIND TS_S(60)
enum {
	ALERTMANAGER_TIMES = 4,
	PARALLEL = 8,
};

_Static_assert((int)CONF_INFO == (int)ALERT_INFO && (int)CONF_WARNING == (int)ALERT_WARNING &&
		       (int)CONF_CRITICAL == (int)ALERT_CRITICAL,
	"a severity is one");

static ts_t seconds(const struct conf_number *n)
{
	return TS_S((ts_t)n->n);
}

/* NULL behind the last. */
static int add_list(const struct conf_texts *texts, const char ***ret)
{
	if (texts->n == 0)
		return 0;
	*ret = mem_alloc0((texts->n + 1) * sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (size_t i = 0; i < texts->n; i++)
		(*ret)[i] = texts->v[i].s;
	return 0;
}

static int add_labels(const struct conf_texts *texts, struct alert_label **ret)
{
	if (texts->n == 0)
		return 0;
	*ret = mem_alloc0(texts->n * sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (size_t i = 0; i < texts->n; i++)
		(*ret)[i] = plan_label(&texts->v[i]);
	return 0;
}

static int add_files(struct planner *p, const struct conf_alert *a, struct plan_receiver *r)
{
	const struct {
		const struct conf_text *from;
		char **to;
	} files[] = {
		{ &a->url_file, &r->url_file },
		{ &a->password_file, &r->password_file },
		{ &a->token_file, &r->token_file },
		{ &a->ca_file, &r->ca_file },
	};
	int err = 0;

	for (size_t i = 0; !err && i < COUNT(files); i++)
		err = plan_path(p, files[i].from, files[i].to);
	return err;
}

static struct alert_receiver alert_of(const struct conf_alert *a, const struct plan_receiver *r)
{
	ts_t remind = seconds(&a->remind) * 60;

	if (r->kind == CONF_ALERTMANAGER && !remind)
		remind = ALERTMANAGER_REMIND;
	return (struct alert_receiver){ .minimum = (enum alert_severity)a->severity.value,
		.labels = r->labels,
		.n_labels = (unsigned)a->labels.n,
		.wants_end = a->resolved.on,
		.remind = remind,
		.timeout = r->timeout,
		.pause_min = PAUSE_MIN,
		.pause_max = PAUSE_MAX,
		.give_up = GIVE_UP,
		.parallel = PARALLEL };
}

static int add_receiver(struct planner *p, const struct conf_alert *a)
{
	struct plan *plan = p->plan;
	struct plan_receiver *r = &plan->receivers[plan->n_receivers];

	*r = (struct plan_receiver){ .name = a->name.s,
		.kind = (enum conf_alert_kind)a->kind.value,
		.at = a->at,
		.timeout = seconds(&a->timeout),
		.url = a->kind.value == CONF_MAIL ? a->server.s : a->url.s,
		.user = a->user.s,
		.from = a->from.s,
		.n_to = (unsigned)a->to.n,
		.is_plain = a->plain.on };
	plan->n_receivers++;
	int err = add_files(p, a, r);
	if (!err)
		err = add_list(&a->command, &r->argv);
	if (!err)
		err = add_list(&a->to, &r->to);
	if (!err)
		err = add_labels(&a->labels, &r->labels);
	plan->alerts[plan->n_receivers - 1] = alert_of(a, r);
	if (r->kind == CONF_ALERTMANAGER)
		r->valid_us =
			(int64_t)(plan->alerts[plan->n_receivers - 1].remind * ALERTMANAGER_TIMES);
	return err;
}

static int add_ping(struct planner *p)
{
	const struct conf_ping *ping = &p->conf->watch.ping;
	const struct conf_alert same = {
		.url_file = ping->url_file, .token_file = ping->token_file, .ca_file = ping->ca_file
	};

	if (!ping->at.line)
		return 0;
	p->plan->ping = (struct plan_receiver){ .name = "ping",
		.at = ping->at,
		.timeout = seconds(&ping->timeout),
		.url = ping->url.s };
	p->plan->ping_interval = seconds(&ping->interval);
	return add_files(p, &same, &p->plan->ping);
}

int plan_add_receivers(struct planner *p)
{
	const struct conf_watch *w = &p->conf->watch;
	int err = add_ping(p);

	if (err || w->n_alerts == 0)
		return err;
	p->plan->receivers = mem_alloc0(w->n_alerts * sizeof(*p->plan->receivers));
	p->plan->alerts = mem_alloc0(w->n_alerts * sizeof(*p->plan->alerts));
	if (!p->plan->receivers || !p->plan->alerts)
		return -ENOMEM;
	for (size_t i = 0; !err && i < w->n_alerts; i++)
		err = add_receiver(p, &w->alerts[i]);
	return err;
}

void plan_free_receiver(struct plan_receiver *r)
{
	free(r->url_file);
	free(r->password_file);
	free(r->token_file);
	free(r->ca_file);
	mem_free(r->argv);
	mem_free(r->to);
	mem_free(r->labels);
}
