#include "gateway/seen.h"

#include "base/map.h"
#include "base/mem.h"
#include "bridge/passes.h"
#include "gateway/events.h"

enum {
	PLACES = 4096,
	REMEMBERED_S = 10,
	ALIKE_MAX = 32,   /* nobody writes one line so often in that time and means it */
	SAY_AGAIN_S = 60, /* in the log */
};

struct seen_message {
	uint64_t hash;
	ts_t until;
	unsigned passes, times;
};

struct seen {
	const struct lent *lent;
	uint8_t salt[16];
	ts_t silent_until;
	struct seen_message messages[PLACES];
};

int seen_new(struct seen **ret, const struct lent *lent)
{
	struct seen *s = mem_alloc0(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->lent = lent;
	rng_bytes(lent->rng, s->salt, sizeof(s->salt));
	*ret = s;
	return 0;
}

struct seen *seen_free(struct seen *s)
{
	return mem_free(s);
}

static struct slice text_of(const struct stanza *stanza, const char *name)
{
	for (const struct xml_node *n = stanza->node->child; n; n = n->next)
		if (slice_eqs(n->name, name) && slice_eq(n->ns, stanza->node->ns))
			return n->text;
	return SLICE_NONE;
}

/* Each part is hashed alone, so that no two lists of parts are one text. */
static uint64_t hash_of(const struct seen *s, const struct stanza *stanza, struct slice thread)
{
	const struct slice parts[] = { stanza->from, stanza->to, thread, text_of(stanza, "body") };
	uint64_t hashes[COUNT(parts)];

	for (size_t i = 0; i < COUNT(parts); i++)
		hashes[i] = siphash(s->salt, parts[i]);
	return siphash(s->salt, slice_of(hashes, sizeof(hashes)));
}

static bool is_back(struct seen *s, const struct stanza *stanza, unsigned passes, ts_t now)
{
	const struct slice thread = text_of(stanza, "thread");

	if (thread.n == 0) /* a gateway gives each message one */
		return false;
	const uint64_t hash = hash_of(s, stanza, thread);
	struct seen_message *m = &s->messages[hash % PLACES];
	if (m->hash != hash || now >= m->until)
		*m = (struct seen_message){
			.hash = hash, .until = ts_add(now, TS_S(REMEMBERED_S)), .passes = passes
		};
	if (passes < m->passes)
		return true;
	return ++m->times > ALIKE_MAX;
}

static void say(struct seen *s, const struct party *p, ts_t now)
{
	if (now < s->silent_until)
		return;
	s->silent_until = ts_add(now, TS_S(SAY_AGAIN_S));
	struct buf *line = event_begin(s->lent->shell, EVENT_CIRCLE);
	log_str(line, "from", jid_full(&p->from));
	log_str(line, "to", jid_full(&p->to));
	log_str(line, "advice", SLICE("the next hop of a gateway leads to another one"));
	event_tell(s->lent->shell, EVENT_CIRCLE);
}

enum answer seen_judge(struct seen *s, const struct stanza *stanza, const struct party *p, ts_t now)
{
	unsigned passes;
	const bool may_pass = passes_of_stanza(stanza, &passes);

	if (may_pass && !is_back(s, stanza, passes, now))
		return ANSWER_MAPPED;
	say(s, p, now);
	return may_pass ? ANSWER_CIRCLE : ANSWER_HOPS;
}
