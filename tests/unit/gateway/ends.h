/* ends.h - the life of one message as its sender, its receiver, the log and the counters saw it, a
 * line of doc/message-ends.md.  Included by test_ends.c only, by way of ends_to_xmpp.h and
 * ends_to_sip.h. */
#pragma once

#include "gateway/figures.h"
#include "scene.h"

enum {
	SETTLE_MS = 30,
	END_MAX = 512,
	DOCUMENT_MAX = 1 << 17,
	AFTERWARDS_S = 60,
	LATE_EVENTS_MAX = 20000,
	FIGURES_MAX = 4096
};

struct end {
	char sip[END_MAX], xmpp[END_MAX], log[END_MAX], counted[END_MAX], ended[END_MAX];
	unsigned n_answers, n_errors; /* to the message itself, each once for all repetitions */
	char last_answer[16];
};

static struct end end;

static struct {
	ts_t begin;
	unsigned sent, got; /* heard up to here */
	struct gateway_stats before;
	struct figures_cell figures[FIGURES_MAX]; /* before: all that were not 0 */
	size_t n_figures;
} watch;

/* ---- what is heard ---- */

/* What was heard last is not said again: a request that is repeated is one. */
static void note(char *list, const char *what)
{
	const size_t n = strlen(list), m = strlen(what);
	const char *last = strrchr(list, ',');

	last = last ? last + 2 : list;
	if (strcmp(last, what) == 0)
		return;
	assert_true(n + m + 3 < END_MAX);
	snprintf(list + n, END_MAX - n, "%s%s", n ? ", " : "", what);
}

static const char *when(const char *what)
{
	static char text[128];
	const double after = (double)(s.now - watch.begin) / (double)TS_S(1);

	const long hundredths = (long)(after * 100 + 0.5);

	if (s.now == watch.begin)
		snprintf(text, sizeof(text), "%s", what);
	else if (s.now - watch.begin == hundredths * TS_MS(10))
		snprintf(text, sizeof(text), "%s at %g s", what, after);
	else /* a connection is made again when chance will have it */
		snprintf(text, sizeof(text), "%s at about %.0f s", what, after);
	return text;
}

static void hear_answer(const char *text)
{
	char what[sizeof(end.last_answer)];

	if (strstr(text, "CSeq: 1 CANCEL\r\n")) {
		snprintf(what, sizeof(what), "%.3s to CANCEL", text + 8);
		note(end.sip, when(what));
		return;
	}
	snprintf(what, sizeof(what), "%.3s", text + 8);
	if (strcmp(end.last_answer, what) == 0) {
		note(end.sip, "again");
		return;
	}
	end.n_answers++;
	memcpy(end.last_answer, what, sizeof(end.last_answer));
	note(end.sip, when(what));
}

static void hear_sip(const char *text)
{
	if (strncmp(text, "SIP/2.0 ", 8) == 0)
		hear_answer(text);
	else if (strstr(text, "<failed/>"))
		note(end.sip, "IMDN failed");
	else if (strstr(text, "the words"))
		note(end.sip, "MESSAGE");
}

static void hear_xmpp(const struct got *got)
{
	const char *at = strstr(got->text, "<error");
	char what[64];

	if (got->is_ping)
		return;
	if (!at) {
		note(end.xmpp, strstr(got->text, "<presence") ? "unsubscribed" : "message");
		return;
	}
	if (strcmp(got->id, "m") != 0)
		return; /* another message's */
	at = strchr(at + 1, '<');
	assert_non_null(at);
	snprintf(what, sizeof(what), "%.*s", (int)strcspn(at + 1, " />"), at + 1);
	end.n_errors++;
	note(end.xmpp, when(what));
}

static void hear(void)
{
	for (; watch.sent < s.n_sent; watch.sent++)
		hear_sip(s.sent[watch.sent].text);
	for (; watch.got < s.n_got; watch.got++)
		hear_xmpp(&s.got[watch.got]);
}

/* ---- what it counts as, for who watches the gateway ---- */

static void each_figure(void (*act)(const struct figures_cell *))
{
	const struct figures *f = gateway_figures(s.g);
	struct figures_cell cell;
	size_t at = 0, row;

	while (figures_take_row(f, &at, &row))
		for (size_t i = 0; figures_cell_at(f, row, i, &cell); i++)
			if (cell.n)
				act(&cell);
}

static bool is_same_figure(const struct figures_cell *a, const struct figures_cell *b)
{
	return a->way == b->way && strcmp(a->outcome, b->outcome) == 0 &&
	       strcmp(a->status, b->status) == 0 &&
	       (a->status[0] || strcmp(a->reason, b->reason) == 0);
}

static void keep_figure(const struct figures_cell *cell)
{
	assert_true(watch.n_figures < FIGURES_MAX);
	watch.figures[watch.n_figures++] = *cell;
}

static void note_figure(const struct figures_cell *cell)
{
	uint64_t before = 0;
	char what[96];

	for (size_t i = 0; i < watch.n_figures; i++)
		if (is_same_figure(&watch.figures[i], cell))
			before = watch.figures[i].n;
	if (cell->n == before)
		return;
	snprintf(what, sizeof(what), "%s%s%s", cell->outcome, cell->reason[0] ? " " : "",
		cell->reason);
	if (cell->n - before > 1)
		snprintf(what + strlen(what), sizeof(what) - strlen(what), " (%u)",
			(unsigned)(cell->n - before));
	note(end.ended, what);
}

/* From here on: the message comes now. */
static void watch_begin(void)
{
	memset(&end, 0, sizeof(end));
	s.events[0] = '\0';
	watch.begin = s.now;
	watch.sent = s.n_sent;
	watch.got = s.n_got;
	watch.before = *gateway_stats(s.g);
	watch.n_figures = 0;
	each_figure(keep_figure);
}

/* ---- what is logged and counted ---- */

/* "log warning xmpp dropped from=..." or "down warning xmpp down ...": the two words behind. */
static void read_log(void)
{
	for (char *line = strtok(s.events, "\n"); line; line = strtok(NULL, "\n")) {
		char what[96], type[16], level[16], subsystem[16], word[40];
		const char *reason = strstr(line, " reason=");

		if (sscanf(line, "%15s %15s %15s %39s", type, level, subsystem, word) != 4)
			continue;
		const size_t n = (size_t)snprintf(what, sizeof(what), "%s %s", subsystem, word);
		if (reason)
			snprintf(what + n, sizeof(what) - n, " (%.*s)",
				(int)strcspn(reason + 8, " "), reason + 8);
		if (strcmp(what, "xmpp up") != 0)
			note(end.log, what);
	}
}

static void read_counters(void)
{
#define COUNTER(member)                                                                            \
	{                                                                                          \
#member, offsetof(struct gateway_stats, member)                                    \
	}
	/* All but those that say nothing of a message's end: requests and pings. */
	static const struct {
		const char *name;
		size_t at;
	} counters[] = { COUNTER(sip_retransmissions), COUNTER(sip_malformed),
		COUNTER(sip_untrusted), COUNTER(sip_acks), COUNTER(sip_late), COUNTER(sip_stray),
		COUNTER(sip_cut), COUNTER(sip_gone), COUNTER(sip_to_xmpp), COUNTER(xmpp_to_sip),
		COUNTER(sip_refused), COUNTER(xmpp_refused), COUNTER(far_errors),
		COUNTER(late_errors), COUNTER(stray_errors), COUNTER(relays), COUNTER(relays_lost),
		COUNTER(reports), COUNTER(ping_timeouts), COUNTER(reconnects),
		COUNTER(overload_503), COUNTER(conns_dropped), COUNTER(conns_full),
		COUNTER(failures_lost), COUNTER(xmpp_silent), COUNTER(xmpp_dropped),
		COUNTER(parts_left_out), COUNTER(overload_wait) };
#undef COUNTER
	const char *now = (const char *)gateway_stats(s.g), *before = (const char *)&watch.before;

	for (size_t i = 0; i < COUNT(counters); i++)
		if (memcmp(now + counters[i].at, before + counters[i].at, sizeof(uint64_t)) != 0)
			note(end.counted, counters[i].name);
}

/* The far side says nothing more; an XMPP server that was lost comes back. */
static void watch_end(void)
{
	const ts_t until = s.now + TS_S(AFTERWARDS_S);
	ts_t at;

	hear();
	for (unsigned n = 0; (at = s.e.ops->deadline(s.e.self)) <= until; n++) {
		assert_true(n < LATE_EVENTS_MAX);
		s.now = at > s.now ? at : s.now;
		wake();
		if (s.wants_connect)
			connect_server();
		hear();
	}
	read_log();
	read_counters();
	each_figure(note_figure);
}

/* ---- the document ---- */

static char document[DOCUMENT_MAX];

static void put(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void put(const char *fmt, ...)
{
	const size_t n = strlen(document);
	va_list ap;

	va_start(ap, fmt);
	const int m = vsnprintf(document + n, sizeof(document) - n, fmt, ap);
	va_end(ap);
	assert_true(m >= 0 && n + (size_t)m < sizeof(document));
}

static const char *or_nothing(const char *list)
{
	return list[0] ? list : "–";
}

static void put_head(const char *title, const char *what)
{
	put("\n### %s\n\n%s\n\n| then | SIP hears | XMPP hears | log | counters | outcome |\n"
	    "|---|---|---|---|---|---|\n",
		title, what);
}

static void put_end(const char *event)
{
	put("| %s | %s | %s | %s | %s | %s |\n", event, or_nothing(end.sip), or_nothing(end.xmpp),
		or_nothing(end.log), or_nothing(end.counted), or_nothing(end.ended));
}

static void put_cannot(const char *event, const char *why)
{
	put("| %s | *%s* | | | | |\n", event, why);
}

/* ---- cells ---- */

#define A_CLIENT A_CONTOSO "/pc"

struct event {
	const char *name;
	void (*happens)(void);
	void (*prepare)(void); /* before the gateway starts */
};

struct state {
	const char *name, *what;
	void (*enter)(void);
};

static void begin_cell(const char *state, const struct event *e)
{
	print_message("cell: %s, %s\n", state, e->name);
	scene_reset();
	s.cfg.settle = TS_MS(SETTLE_MS);
	if (e->prepare)
		e->prepare();
}

static void end_cell(void)
{
	s.server = xstream_free(s.server);
	s.g = gateway_free(s.g);
	s.partners = partners_free(s.partners);
}

static void nothing(void)
{
}

static void stop(void)
{
	push((struct fact){ .type = FACT_STOP });
}

/* Something is in hand: it does not end at once. */
static void is_stopping(void)
{
	xmpp_message(A_FABRIKAM, "front@litware.test", "front", "front");
	stop();
}

static void assert_heard_of(unsigned n)
{
	assert_in_range(n, 0, 1);
	if (n == 0 && (!end.log[0] || !end.counted[0]))
		fail_msg("it vanished: log `%s`, counters `%s`", end.log, end.counted);
}

static void put_refused(const struct event *e, void (*comes)(const void *), const void *what)
{
	begin_cell("comes", e);
	start_connected();
	e->happens();
	watch_begin();
	comes(what);
	watch_end();
	put_end(e->name);
}
