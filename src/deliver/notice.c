#include "deliver/notice.h"

#include "base/mem.h"

/* What a sentence is about. */
enum shape {
	SHAPE_TO, /* of a pair */
	SHAPE_FROM,
	SHAPE_FAULTY, /* of a pair, too: it arrives, but not as it should */
	SHAPE_ALONE,  /* a test of one side */
	SHAPE_POLICY, /* what should be refused was let through */
	SHAPES,
};

/* {1} is the pool, {2} the partner, {3} the test. */
static const char *const sentences[SHAPES][3] = {
	[SHAPE_TO] = {
		[ALERT_FAILING] = N_("{2} cannot be reached from {1}."),
		[ALERT_STILL_FAILING] = N_("{2} still cannot be reached from {1}."),
		[ALERT_RESOLVED] = N_("{2} can be reached from {1} again."),
	},
	[SHAPE_FROM] = {
		[ALERT_FAILING] = N_("{1} cannot be reached from {2}."),
		[ALERT_STILL_FAILING] = N_("{1} still cannot be reached from {2}."),
		[ALERT_RESOLVED] = N_("{1} can be reached from {2} again."),
	},
	[SHAPE_FAULTY] = {
		[ALERT_FAILING] =
			N_("Messages between {1} and {2} do not arrive as they should."),
		[ALERT_STILL_FAILING] =
			N_("Messages between {1} and {2} still do not arrive as they should."),
		[ALERT_RESOLVED] = N_("Messages between {1} and {2} arrive as they should again."),
	},
	[SHAPE_ALONE] = {
		[ALERT_FAILING] = N_("The test {3} fails."),
		[ALERT_STILL_FAILING] = N_("The test {3} still fails."),
		[ALERT_RESOLVED] = N_("The test {3} passes again."),
	},
	[SHAPE_POLICY] = {
		[ALERT_FAILING] = N_("What the test {3} expects to be refused gets through."),
		[ALERT_STILL_FAILING] =
			N_("What the test {3} expects to be refused still gets through."),
		[ALERT_RESOLVED] =
			N_("What the test {3} expects to be refused is refused again."),
	},
};

static const char *const states[] = {
	[ALERT_FAILING] = N_("FAILED"),
	[ALERT_STILL_FAILING] = N_("STILL FAILED"),
	[ALERT_RESOLVED] = N_("RESOLVED"),
};

static const char *const severities[] = {
	[ALERT_INFO] = N_("information"),
	[ALERT_WARNING] = N_("warning"),
	[ALERT_CRITICAL] = N_("critical"),
};

/* ---- names ---- */

const char *notice_kind_name(const struct deliver_notice *n)
{
	static const char *const names[] = {
		[ALERT_FAILING] = "failing",
		[ALERT_STILL_FAILING] = "still_failing",
		[ALERT_RESOLVED] = "resolved",
	};

	return n->is_trial ? "trial" : names[n->kind];
}

const char *notice_severity_name(enum alert_severity s)
{
	static const char *const names[] = {
		[ALERT_INFO] = "info",
		[ALERT_WARNING] = "warning",
		[ALERT_CRITICAL] = "critical",
	};

	return names[s];
}

const char *notice_direction_name(enum sentence_direction d)
{
	static const char *const names[] = {
		[SENTENCE_TO] = "to",
		[SENTENCE_FROM] = "from",
		[SENTENCE_ALONE] = "",
	};

	return names[d];
}

enum sentence_direction notice_direction_of(struct slice name)
{
	static const enum sentence_direction ways[] = { SENTENCE_TO, SENTENCE_FROM };

	for (size_t i = 0; i < COUNT(ways); i++)
		if (slice_eqs(name, notice_direction_name(ways[i])))
			return ways[i];
	return SENTENCE_ALONE;
}

/* ---- the sentence ---- */

static bool is_policy(const struct deliver_notice *n)
{
	return !n->is_trial && n->incident.reason == REASON_NONE;
}

static bool is_faulty(enum reason r)
{
	return r == REASON_IM_LATE || r == REASON_IM_DUPLICATED || r == REASON_IM_ALTERED ||
	       r == REASON_IM_WRONG_SENDER;
}

static enum shape shape_of(const struct deliver_notice *n)
{
	if (is_policy(n))
		return SHAPE_POLICY;
	if (n->pool.n == 0 || n->partner.n == 0 || n->direction == SENTENCE_ALONE)
		return SHAPE_ALONE;
	if (is_faulty(n->incident.reason))
		return SHAPE_FAULTY;
	return n->direction == SENTENCE_TO ? SHAPE_TO : SHAPE_FROM;
}

struct text notice_state(const struct deliver_notice *n)
{
	return TEXT_PLAIN(n->is_trial ? N_("TRIAL") : states[n->kind]);
}

struct text notice_sentence(const struct deliver_notice *n)
{
	if (n->is_trial)
		return TEXT_PLAIN(N_("This is a trial of the alerts: nothing has failed."));
	const enum shape shape = shape_of(n);
	const bool is_pair = shape != SHAPE_ALONE && shape != SHAPE_POLICY;
	/* Three long names would not find room. */
	return TEXT(sentences[shape][n->kind], text_slice(is_pair ? n->pool : SLICE_NONE),
		text_slice(is_pair ? n->partner : SLICE_NONE), text_slice(n->name));
}

/* ---- why, and what next ---- */

struct text notice_meaning(const struct deliver_notice *n)
{
	if (n->is_trial)
		return (struct text){ .id = NULL };
	if (is_policy(n))
		return TEXT_PLAIN(N_("The message was carried."));
	return TEXT_PLAIN(reason_info(n->incident.reason)->meaning);
}

struct text notice_cause(const struct deliver_notice *n)
{
	if (n->is_trial)
		return (struct text){ .id = NULL };
	if (is_policy(n))
		return TEXT_PLAIN(N_("The policy that forbids it is missing, or was loosened."));
	return TEXT_PLAIN(reason_info(n->incident.reason)->causes[0]);
}

/* The i-th step that helps in any case. */
static const struct reason_step *step_of(const struct reason_info *info, unsigned i)
{
	for (unsigned k = 0; k < REASON_STEPS_MAX && info->next[k].what; k++)
		if (info->next[k].when == REASON_ALWAYS && i-- == 0)
			return &info->next[k];
	return NULL;
}

unsigned notice_steps(const struct deliver_notice *n)
{
	unsigned count = 0;

	if (n->is_trial)
		return 0;
	if (n->n_steps > 0)
		return n->n_steps < NOTICE_STEPS_MAX ? n->n_steps : NOTICE_STEPS_MAX;
	if (is_policy(n))
		return 1;
	while (step_of(reason_info(n->incident.reason), count))
		count++;
	return count;
}

static const char *look(text_look_up *look_up, const char *id)
{
	return look_up ? look_up(id) : id;
}

void notice_put_step(
	struct buf *b, const struct deliver_notice *n, unsigned i, text_look_up *look_up)
{
	if (n->n_steps > 0) {
		text_put_clean(b, n->steps[i]);
		return;
	}
	if (is_policy(n)) {
		buf_puts(b, look(look_up, N_("See what allows it now, on both sides.")));
		return;
	}
	const struct reason_step *step = step_of(reason_info(n->incident.reason), i);
	buf_puts(b, look(look_up, step->what));
	if (step->command)
		buf_printf(b, "%s%s", look(look_up, N_(": ")), step->command);
}

/* ---- times ---- */

void notice_put_time(struct buf *b, const struct zone *zone, int64_t at)
{
	struct zone utc;

	zone_open_utc(&utc);
	const struct zone_local l = zone_to_local(zone ? zone : &utc, at);
	const struct civil *c = &l.civil;
	buf_printf(b, "%04d-%02d-%02d %02d:%02d:%02d %.*s", (int)c->year, c->month, c->day, c->hour,
		c->minute, c->second, SLICE_FMT(l.name));
}

/* Two units at most; the spaces within one do not break. */
static struct text duration(int64_t us)
{
	enum { MINUTE = 60, HOUR = 3600, DAY = 86400 };
	const uint64_t s = us > 0 ? (uint64_t)us / 1000000 : 0;

	if (s < MINUTE)
		return TEXT(N_("{1}\u00a0s"), text_u64(s));
	if (s < HOUR)
		return TEXT(
			N_("{1}\u00a0min {2}\u00a0s"), text_u64(s / MINUTE), text_u64(s % MINUTE));
	if (s < DAY)
		return TEXT(N_("{1}\u00a0h {2}\u00a0min"), text_u64(s / HOUR),
			text_u64(s % HOUR / MINUTE));
	return TEXT(N_("{1}\u00a0d {2}\u00a0h"), text_u64(s / DAY), text_u64(s % DAY / HOUR));
}

static void put_span(struct buf *b, const struct deliver_notice *n, text_look_up *look_up)
{
	const struct incident *i = &n->incident;
	const int64_t end = i->end_at ? i->end_at : n->now_at;
	const struct text lasted = duration(end - i->begin_at);

	notice_put_time(b, n->zone, i->begin_at);
	if (n->kind == ALERT_RESOLVED) {
		buf_puts(b, " - ");
		notice_put_time(b, n->zone, end);
	}
	buf_puts(b, " (");
	text_put(b, &lasted, look_up);
	buf_putc(b, ')');
}

/* ---- the text ---- */

static void put_label(struct buf *b, text_look_up *look_up, const char *id)
{
	buf_printf(b, "%s%s", look(look_up, id), look(look_up, N_(": ")));
}

static void put_line(struct buf *b, text_look_up *look_up, const char *id, struct slice value)
{
	if (value.n == 0)
		return;
	put_label(b, look_up, id);
	text_put_clean(b, value);
	buf_putc(b, '\n');
}

static void put_why(struct buf *b, const struct deliver_notice *n, text_look_up *look_up)
{
	const struct text meaning = notice_meaning(n), cause = notice_cause(n);

	put_label(b, look_up, N_("Reason"));
	if (n->incident.reason != REASON_NONE)
		buf_printf(b, "%s%s", reason_id(n->incident.reason), look(look_up, N_(": ")));
	text_put(b, &meaning, look_up);
	buf_putc(b, '\n');
	put_line(b, look_up, N_("Message"), n->message);
	if (!cause.id)
		return;
	put_label(b, look_up, N_("Likely cause"));
	text_put(b, &cause, look_up);
	buf_putc(b, '\n');
}

static void put_steps(struct buf *b, const struct deliver_notice *n, text_look_up *look_up)
{
	const unsigned count = notice_steps(n);

	if (count == 0 || n->kind == ALERT_RESOLVED)
		return;
	buf_printf(b, "%s\n", look(look_up, N_("What to do:")));
	for (unsigned i = 0; i < count; i++) {
		buf_printf(b, "  %u. ", i + 1);
		notice_put_step(b, n, i, look_up);
		buf_putc(b, '\n');
	}
}

static void put_often(struct buf *b, const struct deliver_notice *n, text_look_up *look_up)
{
	const struct incident *i = &n->incident;
	const struct text_arg runs = text_u64(i->runs), times = text_u64(i->times);
	struct text t = { .id = NULL };

	put_label(b, look_up, N_("Runs that failed"));
	if (i->is_flapping)
		t = TEXT(N_("{1}; it comes and goes, {2} times so far"), runs, times);
	else if (i->times > 1)
		t = TEXT(N_("{1}; it began to fail {2} times"), runs, times);
	else
		buf_putu(b, i->runs);
	text_put(b, &t, look_up);
	buf_putc(b, '\n');
}

static void put_incident(struct buf *b, const struct deliver_notice *n, text_look_up *look_up)
{
	put_label(b, look_up, n->kind == ALERT_RESOLVED ? N_("From - to") : N_("Since"));
	put_span(b, n, look_up);
	buf_putc(b, '\n');
	put_why(b, n, look_up);
	put_steps(b, n, look_up);
	put_often(b, n, look_up);
	put_label(b, look_up, N_("Severity"));
	buf_printf(b, "%s\n", look(look_up, severities[n->severity]));
}

void notice_put_text(struct buf *b, const struct deliver_notice *n, text_look_up *look_up)
{
	const struct text sentence = notice_sentence(n);

	text_put(b, &sentence, look_up);
	buf_puts(b, "\n\n");
	if (!n->is_trial)
		put_incident(b, n, look_up);
	put_line(b, look_up, N_("Test"), n->name);
	put_line(b, look_up, N_("Seen from"), n->location);
	put_line(b, look_up, N_("Run"), n->run_url);
}
