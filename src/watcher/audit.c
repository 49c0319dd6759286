#include "watcher/audit.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/tally.h"

enum { TEXT_MAX = 512 };

struct audit {
	struct tally refusals; /* `what` is the command; who: the one and his address */
};

struct audit *audit_new(void)
{
	return mem_alloc0(sizeof(struct audit));
}

struct audit *audit_free(struct audit *a)
{
	return mem_free(a);
}

static void put(struct watcher *w, const struct audit_act *act, struct slice result)
{
	char what[TEXT_MAX];

	snprintf(what, sizeof(what), "%s%s%.*s", role_command_name(act->command),
		act->object.n ? " " : "", SLICE_FMT(act->object));
	const struct store_audit row = { .at = watcher_wall(w, pump_now(w->pump)),
		.who = slice_str(act->who),
		.what = slice_str(what),
		.source = act->source,
		.result = result };
	struct buf *b = watch_log_begin(&w->log, WATCH_AUDIT);

	log_str(b, "who", row.who);
	log_str(b, "what", row.what);
	log_str(b, "from", row.source);
	log_str(b, "result", row.result);
	watch_log_end(&w->log, WATCH_AUDIT);
	(void)store_push_audit(w->store, &row); /* 0: it is counted there, and told */
}

void audit_push(struct watcher *w, const struct audit_act *act, struct slice result)
{
	put(w, act, result);
}

/* Each connection has a port of its own. */
static struct slice without_port(struct slice source)
{
	size_t n = source.n;

	while (n > 0 && source.p[n - 1] >= '0' && source.p[n - 1] <= '9')
		n--;
	return n > 1 && source.p[n - 1] == ':' ? slice_cut(source, 0, n - 1) : source;
}

void audit_push_refusal(struct watcher *w, const struct audit_act *act, const char *cause)
{
	char who[TALLY_WHO_MAX + 1];

	snprintf(who, sizeof(who), "%s %.*s", act->who, SLICE_FMT(without_port(act->source)));
	if (tally_add(&w->audit->refusals, act->command, cause, slice_str(who), pump_now(w->pump)))
		put(w, act, slice_str(cause));
}

void audit_push_time(struct watcher *w, ts_t now)
{
	struct tally_sum sum;
	char text[TEXT_MAX], who[TALLY_WHO_MAX + 1];

	while (w->audit && tally_take(&w->audit->refusals, &sum, now)) {
		struct slice source = sum.who;
		const struct slice name = slice_split(&source, ' ');
		const struct audit_act act = {
			.who = who, .source = source, .command = (enum role_command)sum.what
		};

		snprintf(who, sizeof(who), "%.*s", SLICE_FMT(name.n ? name : SLICE("many")));
		snprintf(text, sizeof(text), "%s, %" PRIu64 " times more",
			sum.cause ? sum.cause : "refused", sum.count);
		put(w, &act, slice_str(text));
	}
}

ts_t audit_deadline(const struct watcher *w)
{
	return w->audit ? tally_deadline(&w->audit->refusals) : TS_NEVER;
}
