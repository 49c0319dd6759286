#include "page/words.h"

#include "base/mem.h"
#include "page/format.h"

enum {
	NAMES_SHOWN = 3, /* of several failures */
	ROOM = 512,
};

const char *words_state(enum watch_state s)
{
	switch (s) {
	case WATCH_OK: return N_("OK");
	case WATCH_UNSTABLE: return N_("Unstable");
	case WATCH_FAILED: return N_("Failed");
	case WATCH_UNKNOWN: return N_("Unknown");
	case WATCH_MAINTENANCE: return N_("Maintenance");
	}
	return "?";
}

const char *words_test_state(const struct page_test *t)
{
	if (t->interval_us == 0)
		return N_("not enabled");
	return t->since_at ? words_state(t->state) : N_("not tested yet");
}

const char *words_kind(enum page_kind kind)
{
	switch (kind) {
	case PAGE_TO: return N_("to the partner");
	case PAGE_FROM: return N_("from the partner");
	case PAGE_REGISTER: return N_("sign-in");
	case PAGE_INTERNAL: return N_("messages within the pool");
	case PAGE_SERVERS: return N_("servers of the pool");
	case PAGE_PARTNER: return N_("servers of the partner");
	case PAGE_FEDERATION: return N_("server to server");
	}
	return "?";
}

const char *words_reason(enum reason r)
{
	if (r == REASON_NONE)
		return N_("It passed, and it should have been refused.");
	return reason_info(r)->meaning;
}

void words_tally(struct buf *b, const struct page_view *v, enum watch_state s, uint64_t n)
{
	static const char *const one[WATCH_STATES] = { N_("1 OK"), N_("1 unstable"), N_("1 failed"),
		N_("1 unknown"), N_("1 in maintenance") };
	static const char *const many[WATCH_STATES] = { N_("{1} OK"), N_("{1} unstable"),
		N_("{1} failed"), N_("{1} unknown"), N_("{1} in maintenance") };
	char room[ROOM];
	struct buf number;

	buf_init_in(&number, (uint8_t *)room, sizeof(room));
	format_count(&number, v, n);
	const struct text t = TEXT(n == 1 ? one[s] : many[s], text_slice(buf_slice(&number)));
	text_put(b, &t, v->look_up);
}

/* ---- names ---- */

static struct slice name_of(const struct page_place *places, uint32_t n, uint32_t i)
{
	return i < n ? places[i].name : SLICE("?");
}

static struct slice pool_name(const struct page_set *set, uint32_t pool)
{
	return name_of(set->pools, set->n_pools, pool);
}

static struct slice partner_name(const struct page_set *set, uint32_t partner)
{
	return name_of(set->partners, set->n_partners, partner);
}

static void put_text(struct buf *b, const struct page_view *v, struct text t)
{
	text_put(b, &t, v->look_up);
}

void words_between(struct buf *b, const struct page_set *set, uint32_t pool, uint32_t partner,
	enum words_way way, const struct page_view *v)
{
	static const char *const arrows[] = { [WORDS_TO] = " \xe2\x86\x92 ",
		[WORDS_FROM] = " \xe2\x86\x90 ",
		[WORDS_BOTH] = " \xe2\x86\x94 " };
	const char *all_pools = N_("all pools"), *all_partners = N_("all partners");

	if (pool == PAGE_NONE)
		put_text(b, v, TEXT_PLAIN(all_pools));
	else
		text_put_clean(b, pool_name(set, pool));
	buf_puts(b, arrows[way]);
	if (partner == PAGE_NONE)
		put_text(b, v, TEXT_PLAIN(all_partners));
	else
		text_put_clean(b, partner_name(set, partner));
}

void words_test(struct buf *b, const struct page_set *set, const struct page_test *test,
	const struct page_view *v)
{
	if (test->kind == PAGE_TO || test->kind == PAGE_FROM) {
		words_between(b, set, test->pool, test->partner,
			test->kind == PAGE_TO ? WORDS_TO : WORDS_FROM, v);
		return;
	}
	const struct slice whose = test->pool != PAGE_NONE ? pool_name(set, test->pool)
							   : partner_name(set, test->partner);
	put_text(b, v, TEXT(N_("{1}: {2}"), text_slice(whose), text_id(words_kind(test->kind))));
}

static enum reason reason_of(const struct page_test *t)
{
	return t->trouble ? t->trouble->reason : REASON_NONE;
}

bool words_way_back(const struct page_set *set, size_t test, size_t *ret)
{
	const struct page_test *t = &set->tests[test];

	if (t->kind != PAGE_TO && t->kind != PAGE_FROM)
		return false;
	for (size_t i = 0; i < set->n_tests; i++) {
		const struct page_test *o = &set->tests[i];

		if (o->kind == (t->kind == PAGE_TO ? PAGE_FROM : PAGE_TO) && o->pool == t->pool &&
			o->partner == t->partner && o->state == t->state &&
			reason_of(o) == reason_of(t)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static void put_failed_names(struct buf *b, const struct page_set *set, const struct page_view *v)
{
	unsigned shown = 0, more = 0;
	size_t last = 0;

	for (size_t i = 0; i < set->n_tests; i++) {
		const struct page_test *t = &set->tests[i];
		size_t back = i;

		if (t->state != WATCH_FAILED)
			continue;
		if (words_way_back(set, i, &back) && back < i && back <= last)
			continue;
		if (shown == NAMES_SHOWN) {
			more++;
			continue;
		}
		buf_puts(b, shown++ ? ", " : "");
		last = i;
		if (back != i)
			words_between(b, set, t->pool, t->partner, WORDS_BOTH, v);
		else
			words_test(b, set, t, v);
	}
	if (more)
		put_text(b, v, TEXT(N_(", and {1} more"), text_u64(more)));
}

void words_colon(struct buf *b, const struct page_view *v)
{
	put_text(b, v, TEXT_PLAIN(N_(": ")));
}

/* ---- the headline ---- */

static void put_named(struct buf *b, const struct sentence *s, const struct page_set *set,
	const struct page_view *v, const char *id)
{
	char room[ROOM];
	struct buf name;

	buf_init_in(&name, (uint8_t *)room, sizeof(room));
	if (s->kind == SENTENCE_PAIR)
		words_between(&name, set, s->pool, s->partner, WORDS_BOTH, v);
	else if (s->test < set->n_tests)
		words_test(&name, set, &set->tests[s->test], v);
	put_text(b, v, TEXT(id, text_slice(buf_slice(&name))));
}

static void put_number(struct buf *b, const struct sentence *s, const struct page_set *set,
	const struct page_view *v, const char *one, const char *many)
{
	if (s->n == 1)
		put_named(b, s, set, v, one);
	else
		put_text(b, v, TEXT(many, text_u64(s->n)));
}

static void put_silent(struct buf *b, const struct sentence *s, const struct page_view *v)
{
	char room[ROOM];
	struct buf at;

	buf_init_in(&at, (uint8_t *)room, sizeof(room));
	format_time(&at, v, s->since);
	put_text(b, v, TEXT(N_("Nothing has been tested since {1}"), text_slice(buf_slice(&at))));
}

static void put_several(struct buf *b, const struct sentence *s, const struct page_set *set,
	const struct page_view *v)
{
	put_text(b, v, TEXT(N_("{1} failures: "), text_u64(s->n)));
	put_failed_names(b, set, v);
}

void words_headline(struct buf *b, const struct sentence *s, const struct page_set *set,
	const struct page_view *v)
{
	switch (s->kind) {
	case SENTENCE_NO_TEST: put_text(b, v, TEXT_PLAIN(N_("There is nothing to test"))); return;
	case SENTENCE_NOT_YET: put_text(b, v, TEXT_PLAIN(N_("No test has run yet"))); return;
	case SENTENCE_SILENT: put_silent(b, s, v); return;
	case SENTENCE_OK:
		put_number(b, s, set, v, N_("{1} passes"), N_("All {1} tests pass"));
		return;
	case SENTENCE_UNSTABLE:
		put_number(b, s, set, v, N_("{1} is unstable"), N_("{1} tests are unstable"));
		return;
	case SENTENCE_UNKNOWN:
		put_number(b, s, set, v, N_("{1} could not be judged"),
			N_("{1} tests could not be judged"));
		return;
	case SENTENCE_MAINTENANCE:
		put_number(b, s, set, v, N_("{1} is in maintenance"),
			N_("{1} tests are in maintenance"));
		return;
	case SENTENCE_TEST:
	case SENTENCE_PAIR: put_named(b, s, set, v, N_("{1} fails")); return;
	case SENTENCE_PARTNER:
		put_text(b, v,
			TEXT(N_("{1} cannot be reached"),
				text_slice(partner_name(set, s->partner))));
		return;
	case SENTENCE_POOL:
		put_text(b, v,
			TEXT(N_("{1} reaches no partner"), text_slice(pool_name(set, s->pool))));
		return;
	case SENTENCE_NOTHING: put_text(b, v, TEXT_PLAIN(N_("Nothing works"))); return;
	case SENTENCE_SEVERAL: put_several(b, s, set, v); return;
	}
}

/* ---- the sentence behind it ---- */

void words_since(struct buf *b, const struct page_view *v, int64_t since_at)
{
	char room[ROOM], span_room[ROOM];
	struct buf at, span;

	buf_init_in(&at, (uint8_t *)room, sizeof(room));
	buf_init_in(&span, (uint8_t *)span_room, sizeof(span_room));
	format_time(&at, v, since_at);
	format_span(&span, v, v->now_at - since_at);
	put_text(b, v,
		TEXT(N_("since {1} ({2})"), text_slice(buf_slice(&at)),
			text_slice(buf_slice(&span))));
}

static const char *failure_id(const struct sentence *s)
{
	if (s->kind == SENTENCE_TEST) {
		switch (s->direction) {
		case SENTENCE_TO: return N_("Messages from {1} do not get through to {2} {3}.");
		case SENTENCE_FROM: return N_("Messages from {2} do not get through to {1} {3}.");
		case SENTENCE_ALONE: return N_("It fails {3}.");
		}
	}
	switch (s->kind) {
	case SENTENCE_PAIR: return N_("Nobody in {1} can exchange messages with {2} {3}.");
	case SENTENCE_PARTNER: return N_("No pool gets messages through to {2} {3}.");
	case SENTENCE_POOL: return N_("Nobody in {1} gets messages through to any partner {3}.");
	case SENTENCE_NOTHING:
		return N_("Every test that can be judged fails {3}. Look first at what they share: "
			  "the watcher's own network, the DNS.");
	case SENTENCE_SEVERAL: return N_("The first of them fails {3}.");
	case SENTENCE_NO_TEST:
	case SENTENCE_NOT_YET:
	case SENTENCE_SILENT:
	case SENTENCE_OK:
	case SENTENCE_UNSTABLE:
	case SENTENCE_UNKNOWN:
	case SENTENCE_MAINTENANCE:
	case SENTENCE_TEST: break;
	}
	return NULL;
}

static const char *calm_id(enum sentence_kind kind)
{
	switch (kind) {
	case SENTENCE_NO_TEST: return N_("Pools and partners in the configuration make the tests.");
	case SENTENCE_NOT_YET: return N_("The first results come within an interval.");
	case SENTENCE_SILENT:
		return N_("The watcher has stopped, or cannot write what it finds. What is below "
			  "is as it was then.");
	case SENTENCE_UNSTABLE:
		return N_("They pass, but not always, or not at the first attempt. Since {1}.");
	case SENTENCE_UNKNOWN:
		return N_(
			"The fault is the watcher's own, and nobody else is to blame. Since {1}.");
	case SENTENCE_MAINTENANCE: return N_("The others pass.");
	case SENTENCE_OK:
	case SENTENCE_TEST:
	case SENTENCE_PAIR:
	case SENTENCE_PARTNER:
	case SENTENCE_POOL:
	case SENTENCE_NOTHING:
	case SENTENCE_SEVERAL: break;
	}
	return NULL;
}

void words_explain(struct buf *b, const struct sentence *s, const struct page_set *set,
	const struct page_view *v)
{
	const char *failure = failure_id(s), *calm = calm_id(s->kind);
	char room[ROOM];
	struct buf at;

	buf_init_in(&at, (uint8_t *)room, sizeof(room));
	if (failure) {
		words_since(&at, v, s->since);
		put_text(b, v,
			TEXT(failure, text_slice(pool_name(set, s->pool)),
				text_slice(partner_name(set, s->partner)),
				text_slice(buf_slice(&at))));
	} else if (calm) {
		format_time(&at, v, s->since);
		put_text(b, v, TEXT(calm, text_slice(buf_slice(&at))));
	}
}

void words_title(struct buf *b, const struct sentence *s, const struct page_set *set,
	const struct page_view *v)
{
	if (s->n > 0)
		words_tally(b, v, s->state, s->n);
	else
		put_text(b, v, TEXT_PLAIN(words_state(s->state)));
	words_colon(b, v);
	if (s->kind == SENTENCE_SEVERAL)
		put_failed_names(b, set, v);
	else
		words_headline(b, s, set, v);
}
