/* One message's life without a gateway around it: each situation by its name, then every sequence
 * of six things that can happen to it. */
#include "gateway/msg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

enum { SETTLE = 30000, REPORT = 2000000 };

static const struct verdict busy = { .answer = ANSWER_MAPPED, .status = 486 };
static const struct verdict lost = { .answer = ANSWER_STREAM_LOST };

static struct msg m;
static char log_of_events[256];

/* Letters for what it says: S(TORE) s(END) A(NSWER) R(EPORT) E(RASE) D(ONE); an answer and a report
 * with their status. */
static const char *events(void)
{
	static const char *const names[] = {
		[MSG_EV_STORE] = "store ",
		[MSG_EV_SEND] = "send ",
		[MSG_EV_ANSWER] = "answer",
		[MSG_EV_REPORT] = "report",
		[MSG_EV_ERASE] = "erase ",
		[MSG_EV_DONE] = "done ",
	};
	struct msg_event ev;
	size_t n = 0;

	log_of_events[0] = '\0';
	while (msg_take_event(&m, &ev)) {
		n += (size_t)snprintf(
			log_of_events + n, sizeof(log_of_events) - n, "%s", names[ev.type]);
		if (ev.type == MSG_EV_ANSWER || ev.type == MSG_EV_REPORT)
			n += (size_t)snprintf(log_of_events + n, sizeof(log_of_events) - n, "-%d ",
				answer_status(ev.verdict));
	}
	return log_of_events;
}

static void start(bool is_stored, ts_t settle, ts_t report)
{
	msg_init(&m,
		&(struct msg_cfg){ .is_stored = is_stored, .settle = settle, .report = report });
}

/* ---- what happens, by a letter each ---- */

static void happen(char what, ts_t now)
{
	switch (what) {
	case 'k': msg_push_stored(&m, 0, now); break;
	case 'n': msg_push_stored(&m, -ENOSPC, now); break;
	case 's': msg_push_sent(&m, now); break;
	case 'p': msg_push_proven(&m, now); break;
	case 'r': msg_push_refused(&m, &busy, now); break;
	case 'l': msg_push_lost(&m, &lost, now); break;
	case 'g': msg_push_gone(&m, now); break;
	case 't': msg_push_time(&m, msg_deadline(&m) == TS_NEVER ? now : msg_deadline(&m)); break;
	default: fail();
	}
}

static const struct {
	const char *name;
	bool is_stored;
	ts_t settle, report;
	const char *what, *want[8];
	enum msg_state end;
} cases[] = {
	{ "proven is acknowledged", false, 0, 0, "sp", { "send ", "", "answer-202 done " },
		MSG_OVER },
	{ "refused is the answer", false, 0, 0, "sr", { "send ", "", "answer-486 done " },
		MSG_OVER },
	{ "refused before it went out", false, 0, 0, "r", { "send ", "answer-486 done " },
		MSG_OVER },
	{ "the way is lost: nothing was shown", false, 0, 0, "sl",
		{ "send ", "", "answer-504 done " }, MSG_OVER },
	{ "a loss before it went out is none", false, 0, 0, "l", { "send ", "" }, MSG_AWAIT_WAY },
	{ "nobody waits: nothing is said", false, 0, 0, "sg", { "send ", "", "done " }, MSG_OVER },
	{ "what comes behind the end is nothing", false, 0, 0, "sprlgt",
		{ "send ", "", "answer-202 done ", "", "", "", "" }, MSG_OVER },

	{ "a proof settles", false, SETTLE, 0, "sp", { "send ", "", "" }, MSG_SETTLING },
	{ "settled is acknowledged", false, SETTLE, 0, "spt",
		{ "send ", "", "", "answer-202 done " }, MSG_OVER },
	{ "a refusal close behind the proof wins", false, SETTLE, 0, "spr",
		{ "send ", "", "", "answer-486 done " }, MSG_OVER },
	{ "what was shown stays shown", false, SETTLE, 0, "spl",
		{ "send ", "", "", "answer-202 done " }, MSG_OVER },

	{ "a late refusal is reported", false, 0, REPORT, "spr",
		{ "send ", "", "answer-202 ", "report-486 done " }, MSG_OVER },
	{ "in the end nobody refuses any more", false, 0, REPORT, "spt",
		{ "send ", "", "answer-202 ", "done " }, MSG_OVER },

	{ "stored is acknowledged", true, 0, 0, "k", { "store ", "send answer-202 " },
		MSG_AWAIT_WAY },
	{ "proven, a stored one is erased", true, 0, 0, "ksp",
		{ "store ", "send answer-202 ", "", "erase done " }, MSG_OVER },
	{ "a stored one that is refused is reported and erased", true, 0, 0, "ksr",
		{ "store ", "send answer-202 ", "", "report-486 erase done " }, MSG_OVER },
	{ "a stored one goes another way", true, 0, 0, "ksl",
		{ "store ", "send answer-202 ", "", "send " }, MSG_AWAIT_WAY },
	{ "one that cannot be stored waits for its proof", true, 0, 0, "nsp",
		{ "store ", "send ", "", "answer-202 done " }, MSG_OVER },
	{ "a refusal waits for the store, and leaves no orphan", true, 0, 0, "rk",
		{ "store ", "", "answer-486 erase done " }, MSG_OVER },
	{ "a refusal waits for the store that fails", true, 0, 0, "rn",
		{ "store ", "", "answer-486 done " }, MSG_OVER },
	{ "a stored one is carried though nobody waits", true, 0, 0, "kgsp",
		{ "store ", "send answer-202 ", "", "", "erase done " }, MSG_OVER },
	{ "being stored when nobody waits any more", true, 0, 0, "gksp",
		{ "store ", "", "send ", "", "erase done " }, MSG_OVER },
};

static void each_situation_by_its_name(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s\n", cases[i].name);
		start(cases[i].is_stored, cases[i].settle, cases[i].report);
		assert_string_equal(events(), cases[i].want[0]);
		for (size_t k = 0; cases[i].what[k]; k++) {
			happen(cases[i].what[k], k + 1);
			assert_string_equal(events(), cases[i].want[k + 1]);
		}
		assert_int_equal(m.state, cases[i].end);
	}
}

static void it_settles_for_so_long(void **state)
{
	(void)state;
	start(false, SETTLE, REPORT);
	msg_push_sent(&m, 100);
	msg_push_proven(&m, 200);
	(void)events();
	assert_int_equal(msg_deadline(&m), 200 + SETTLE);
	msg_push_time(&m, 200 + SETTLE - 1);
	assert_string_equal(events(), "");
	msg_push_time(&m, 200 + SETTLE);
	assert_string_equal(events(), "answer-202 ");
	assert_int_equal(msg_deadline(&m), 200 + SETTLE + REPORT);
}

static void a_contact_lives_as_long_as_its_push(void **state)
{
	const struct verdict moved = { .status = 302, .contact = SLICE("sip:new@pool.test") };

	(void)state;
	start(true, 0, 0);
	msg_push_refused(&m, &moved, 1);
	assert_int_equal(m.verdict.contact.n, 0); /* it is answered in a later one */
	start(false, 0, 0);
	msg_push_refused(&m, &moved, 1);
	assert_int_equal(m.verdict.contact.n, moved.contact.n);
}

/* ---- every sequence ---- */

static const char pushes[] = "knsprlgt";

enum { LENGTH = 6, KINDS = sizeof(pushes) - 1 };

/* What must be true of all that one message says in its life. */
struct said {
	unsigned n_store, n_answer, n_report, n_erase, n_done;
	bool kept, gone;
};

static void listen(struct said *said, const char *text)
{
	struct msg_event ev;

	while (msg_take_event(&m, &ev)) {
		if (said->n_done)
			fail_msg("%s: an event behind the last", text);
		said->n_store += ev.type == MSG_EV_STORE;
		said->n_answer += ev.type == MSG_EV_ANSWER;
		said->n_report += ev.type == MSG_EV_REPORT;
		said->n_erase += ev.type == MSG_EV_ERASE;
		said->n_done += ev.type == MSG_EV_DONE;
		if (ev.type == MSG_EV_REPORT && said->n_answer == 0 && !said->gone)
			fail_msg("%s: a report in front of the answer", text);
	}
}

/* From wherever it is, to its end: what is on its way arrives, what settles has settled. */
static void finish(struct said *said, const char *text)
{
	static const char rest[] = "nspttt";

	for (size_t i = 0; i < sizeof(rest) - 1; i++) {
		happen(rest[i], 1000 + i);
		listen(said, text);
	}
	if (said->n_done != 1)
		fail_msg("%s: it does not end", text);
}

static void live(const char *text, bool is_stored, ts_t settle, ts_t report)
{
	struct said said = { 0 };

	start(is_stored, settle, report);
	listen(&said, text);
	for (size_t i = 0; i < LENGTH; i++) {
		const bool awaits_store = m.state == MSG_AWAIT_STORE;

		said.kept |= awaits_store && text[i] == 'k';
		said.gone |= text[i] == 'g' && m.state != MSG_OVER;
		happen(text[i], i + 1);
		listen(&said, text);
	}
	finish(&said, text);
	if (said.n_answer > 1 || (said.n_answer == 0 && !said.gone))
		fail_msg("%s: %u answers", text, said.n_answer);
	if (said.n_report > 1)
		fail_msg("%s: %u reports", text, said.n_report);
	if (said.n_erase != said.kept)
		fail_msg("%s: kept %d, erased %u", text, said.kept, said.n_erase);
	if (said.n_store != is_stored)
		fail_msg("%s: stored %u times", text, said.n_store);
}

/* 8^6 sequences for each of eight configurations. */
static void every_sequence_ends_and_says_one_thing(void **state)
{
	char text[LENGTH + 1] = "";

	(void)state;
	for (unsigned long n = 0; n < 1ul << (3 * LENGTH); n++) {
		for (unsigned i = 0; i < LENGTH; i++)
			text[i] = pushes[n >> (3 * i) & (KINDS - 1)];
		for (unsigned cfg = 0; cfg < 8; cfg++)
			live(text, cfg & 1, cfg & 2 ? SETTLE : 0, cfg & 4 ? REPORT : 0);
	}
}

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(msg_state_name(MSG_AWAIT_STORE), "await-store");
	assert_string_equal(msg_state_name(MSG_OVER), "over");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_situation_by_its_name),
		cmocka_unit_test(it_settles_for_so_long),
		cmocka_unit_test(a_contact_lives_as_long_as_its_push),
		cmocka_unit_test(every_sequence_ends_and_says_one_thing),
		cmocka_unit_test(states_have_names),
	};

	return cmocka_run_group_tests_name("msg", tests, NULL, NULL);
}
