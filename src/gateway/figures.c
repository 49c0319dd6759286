#include "gateway/figures.h"

#include <assert.h>

#include "base/map.h"
#include "base/mem.h"

enum outcome_word {
	DELIVERED,  /* the far side has shown that it took it */
	REJECTED,   /* by the far side */
	REFUSED,    /* by this gateway: who it is, what is in it, how much there is */
	FAILED,     /* there was no way, or nothing was shown */
	UNANSWERED, /* its sender was gone before the answer */
};

static const char *const outcomes[] = {
	[DELIVERED] = "delivered",
	[REJECTED] = "rejected",
	[REFUSED] = "refused",
	[FAILED] = "failed",
	[UNANSWERED] = "unanswered",
};

static const struct {
	const char *reason;
	enum outcome_word outcome;
} answers[] = {
	[ANSWER_MAPPED] = { "", DELIVERED },
	[ANSWER_STREAM_DOWN] = { "stream-down", FAILED },
	[ANSWER_STREAM_REFUSED] = { "stream-refused", FAILED },
	[ANSWER_STREAM_LOST] = { "stream-lost", FAILED },
	[ANSWER_UNPROVEN] = { "unproven", FAILED },
	[ANSWER_STOPPING] = { "stopping", FAILED },
	[ANSWER_OVERLOAD] = { "overload", REFUSED },
	[ANSWER_NOT_PARTNER] = { "not-partner", REFUSED },
	[ANSWER_NOT_OWN] = { "not-own-domain", REFUSED },
	[ANSWER_BOTH_OWN] = { "both-own-domains", REFUSED },
	[ANSWER_NO_COMPONENT] = { "no-component", REFUSED },
	[ANSWER_UNTRUSTED] = { "untrusted", REFUSED },
	[ANSWER_SIPS] = { "sips", REFUSED },
	[ANSWER_BAD_FROM] = { "bad-from", REFUSED },
	[ANSWER_BAD_TO] = { "bad-to", REFUSED },
	[ANSWER_SCHEME] = { "scheme", REFUSED },
	[ANSWER_TOO_LONG] = { "address-too-long", REFUSED },
	[ANSWER_HOPS] = { "too-many-hops", REFUSED },
	[ANSWER_REQUIRE] = { "require", REFUSED },
	[ANSWER_METHOD] = { "method", REFUSED },
	[ANSWER_NO_METHOD] = { "unknown-method", REFUSED },
	[ANSWER_OPTIONS] = { "options", REFUSED }, /* these four are of no message */
	[ANSWER_OPTIONS_DOWN] = { "options-down", REFUSED },
	[ANSWER_OPTIONS_REFUSED] = { "options-refused", REFUSED },
	[ANSWER_CANCEL] = { "cancel", REFUSED },
	[ANSWER_NO_DIALOG] = { "no-dialog", REFUSED },
	[ANSWER_TOO_LARGE] = { "too-large", REFUSED },
	[ANSWER_HEAD_TOO_LARGE] = { "head-too-large", REFUSED },
	[ANSWER_CONTENT] = { "content", REFUSED },
	[ANSWER_MAY_NOT_BEGIN] = { "may-not-begin", REFUSED },
	[ANSWER_TO_GATEWAY] = { "to-gateway", REFUSED },
	[ANSWER_CIRCLE] = { "circle", REFUSED },
	[ANSWER_NO_HOP] = { "no-hop", FAILED },
	[ANSWER_HOP_SILENT] = { "hop-silent", FAILED },
	[ANSWER_HOP_LOST] = { "hop-lost", FAILED },
	[ANSWER_NO_TURN] = { "no-turn", FAILED },
	[ANSWER_ID_TOO_LONG] = { "id-too-long", REFUSED },
	[ANSWER_NO_MEMORY] = { "no-memory", REFUSED },
	[ANSWER_MANY_IN_HAND] = { "many-in-hand", REFUSED },
	[ANSWER_MANY_FOR_URI] = { "many-for-receiver", REFUSED },
	[ANSWER_MANY_OF_SENDER_FOR_URI] = { "many-of-sender-for-receiver", REFUSED },
	[ANSWER_MANY_OF_DOMAIN_FOR_URI] = { "many-of-domain-for-receiver", REFUSED },
	[ANSWER_MANY_OF_SENDER] = { "many-of-sender", REFUSED },
	[ANSWER_MANY_OF_DOMAIN] = { "many-of-domain", REFUSED },
	[ANSWER_MANY_OF_ALL] = { "many-of-all", REFUSED },
};
_Static_assert(COUNT(answers) == ANSWER_COUNT, "one row an answer");

/* Why a message ended as it did, as one number: an answer, else a condition, else a status. */
enum {
	CAUSE_CONDITION = ANSWER_COUNT,
	CAUSE_STATUS = CAUSE_CONDITION + COND_COUNT,
	CAUSE_GONE = CAUSE_STATUS + 400, /* 300 to 699 */
	CAUSE_TAKEN,                     /* without a proof */
	CAUSES,
};

struct cell {
	uint8_t way;
	uint16_t cause;
	uint64_t n;
};

struct row {
	struct map_node node; /* by the name */
	char *name;
	uint16_t place, generation;
	bool is_partner;
	uint64_t delivered[GATEWAY_WAYS];
	struct cell *cells; /* of what was not, and did happen */
	unsigned n_cells;
};

struct figures {
	const struct partners *partners; /* borrowed */
	struct map map;
	struct row *rows[FIGURES_ROWS_MAX + 1]; /* from 1; 0 is FIGURES_OTHER */
	size_t n_rows;
	uint16_t by_number[PARTNERS_MAX]; /* of the partners that are so now */
	uint64_t others[GATEWAY_WAYS][CAUSES];
	struct figures_times times[GATEWAY_WAYS];
};

/* ---- causes ---- */

/* RFC 3261 section 8.1.3.2: a status that nobody knows is the x00 of its class. */
static int known_status(int status)
{
	if (status < 300 || status > 699)
		return 500;
	return sip_reason_phrase(status)[0] ? status : status / 100 * 100;
}

static unsigned cause_of(const struct verdict *v)
{
	if (!v)
		return CAUSE_GONE;
	if (v->answer != ANSWER_MAPPED)
		return v->answer;
	if (v->has_condition)
		return CAUSE_CONDITION + v->condition;
	return answer_is_good(v) ? ANSWER_MAPPED
				 : CAUSE_STATUS + (unsigned)known_status(v->status) - 300;
}

static enum outcome_word outcome_of(unsigned cause)
{
	if (cause < CAUSE_CONDITION)
		return answers[cause].outcome;
	if (cause == CAUSE_TAKEN)
		return DELIVERED;
	return cause < CAUSE_GONE ? REJECTED : UNANSWERED;
}

static void put_status(char text[4], unsigned status)
{
	text[0] = (char)('0' + status / 100);
	text[1] = (char)('0' + status / 10 % 10);
	text[2] = (char)('0' + status % 10);
	text[3] = 0;
}

static void fill(struct figures_cell *c, enum gateway_way way, unsigned cause, uint64_t n)
{
	*c = (struct figures_cell){
		.way = way, .outcome = outcomes[outcome_of(cause)], .reason = "", .n = n
	};
	if (cause < CAUSE_CONDITION) {
		c->reason = answers[cause].reason;
	} else if (cause < CAUSE_STATUS) {
		c->reason = stanza_condition_name((enum stanza_condition)(cause - CAUSE_CONDITION));
	} else if (cause < CAUSE_GONE) {
		put_status(c->status, cause - CAUSE_STATUS + 300);
		c->reason = c->status;
	} else if (cause == CAUSE_TAKEN) {
		c->reason = answers[ANSWER_UNPROVEN].reason;
	}
}

/* ---- rows ---- */

static struct row *find_row(const struct figures *f, const char *name)
{
	return MAP_FIND(&f->map, slice_str(name), struct row, node);
}

/* The place of one that is no partner any more, from *at on; 0: there is none. */
static size_t next_unused(const struct figures *f, size_t *at)
{
	while (*at < f->n_rows)
		if (!f->rows[++*at]->is_partner)
			return *at;
	return 0;
}

static void free_row(struct row *row)
{
	mem_free(row->name);
	mem_free(row->cells);
	mem_free(row);
}

static struct row *make_row(const char *name)
{
	struct row *row = mem_alloc0(sizeof(*row));

	if (!row)
		return NULL;
	row->name = mem_strdup(name);
	if (row->name)
		return row;
	free_row(row);
	return NULL;
}

/* A name that comes for the first time; *at is where places are looked for when all are taken. */
static int add_row(struct figures *f, const char *name, size_t *at)
{
	const size_t place = f->n_rows < FIGURES_ROWS_MAX ? f->n_rows + 1 : next_unused(f, at);
	struct row *row = make_row(name);

	assert(place); /* there are twice as many as partners */
	if (!row)
		return -ENOMEM;
	int err = map_insert(&f->map, &row->node, slice_str(row->name));
	if (err) {
		free_row(row);
		return err;
	}
	if (place > f->n_rows) {
		f->n_rows = place;
	} else {
		row->generation = (uint16_t)(f->rows[place]->generation + 1);
		map_remove(&f->map, &f->rows[place]->node);
		free_row(f->rows[place]);
	}
	row->is_partner = true;
	row->place = (uint16_t)place;
	f->rows[place] = row;
	return 0;
}

int figures_set_partners(struct figures *f, const struct partners *p)
{
	const size_t n = partners_count(p);
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		struct row *row = find_row(f, partners_at(p, i)->domain);
		const int err = row ? 0 : add_row(f, partners_at(p, i)->domain, &at);

		if (err)
			return err;
		if (row)
			row->is_partner = true;
	}
	for (size_t i = 1; i <= f->n_rows; i++)
		f->rows[i]->is_partner = false;
	for (size_t i = 0; i < n; i++) {
		struct row *row = find_row(f, partners_at(p, i)->domain);

		row->is_partner = true;
		f->by_number[i] = row->place;
	}
	f->partners = p;
	return 0;
}

figures_row figures_find(const struct figures *f, struct slice domain)
{
	const struct partner *p = partners_find(f->partners, domain);

	if (!p)
		return FIGURES_OTHER;
	const uint16_t place = f->by_number[p->number];
	return (figures_row)f->rows[place]->generation << 16 | place;
}

/* NULL: it is of the others, or its place is another's by now. */
static struct row *row_of(const struct figures *f, figures_row row)
{
	const size_t place = row & UINT16_MAX;

	if (place == FIGURES_OTHER || f->rows[place]->generation != row >> 16)
		return NULL;
	return f->rows[place];
}

/* ---- counting ---- */

static struct cell *get_cell(struct row *row, enum gateway_way way, unsigned cause)
{
	for (unsigned i = 0; i < row->n_cells; i++)
		if (row->cells[i].way == way && row->cells[i].cause == cause)
			return &row->cells[i];
	/* At most one for each way and cause. */
	struct cell *more = mem_realloc(row->cells, (row->n_cells + 1) * sizeof(*more));
	if (!more)
		return NULL;
	row->cells = more;
	row->cells[row->n_cells] = (struct cell){ .way = (uint8_t)way, .cause = (uint16_t)cause };
	return &row->cells[row->n_cells++];
}

/* What memory does not suffice for is counted with the others. */
static void count(struct figures *f, figures_row row, enum gateway_way way, unsigned cause)
{
	struct row *r = row_of(f, row);

	if (r && cause == ANSWER_MAPPED) {
		r->delivered[way]++;
		return;
	}
	struct cell *c = r ? get_cell(r, way, cause) : NULL;
	*(c ? &c->n : &f->others[way][cause]) += 1;
}

void figures_count(
	struct figures *f, figures_row row, enum gateway_way way, const struct verdict *v)
{
	count(f, row, way, cause_of(v));
}

void figures_count_unproven(struct figures *f, figures_row row, enum gateway_way way)
{
	count(f, row, way, CAUSE_TAKEN);
}

static const struct {
	ts_t end;
	const char *text;
} buckets[] = {
	{ TS_MS(5), "0.005" }, { TS_MS(10), "0.01" }, { TS_MS(25), "0.025" }, { TS_MS(50), "0.05" },
	{ TS_MS(100), "0.1" }, { TS_MS(250), "0.25" },
	{ TS_MS(500), "0.5" }, /* T1: the sender repeats its request */
	{ TS_S(1), "1.0" }, { TS_MS(2500), "2.5" }, { TS_S(5), "5.0" }, { TS_S(10), "10.0" },
	{ TS_S(32), "32.0" }, /* timer F: the sender gives up */
};
_Static_assert(COUNT(buckets) == FIGURES_BUCKETS, "as the header says");

void figures_time(struct figures *f, enum gateway_way way, ts_t took)
{
	size_t i = 0;

	while (i < COUNT(buckets) && took > buckets[i].end)
		i++;
	f->times[way].n[i]++;
	f->times[way].sum += took;
}

/* ---- to be read ---- */

static bool is_shown(const struct row *r)
{
	return r->is_partner || r->n_cells || r->delivered[GATEWAY_TO_XMPP] ||
	       r->delivered[GATEWAY_TO_SIP];
}

bool figures_take_row(const struct figures *f, size_t *at, size_t *row)
{
	while (*at <= f->n_rows) {
		*row = (*at)++;
		if (*row == FIGURES_OTHER || is_shown(f->rows[*row]))
			return true;
	}
	return false;
}

const char *figures_partner(const struct figures *f, size_t row)
{
	return row == FIGURES_OTHER ? FIGURES_OTHER_NAME : f->rows[row]->name;
}

bool figures_cell_at(const struct figures *f, size_t row, size_t i, struct figures_cell *ret)
{
	if (row == FIGURES_OTHER) {
		if (i >= GATEWAY_WAYS * CAUSES)
			return false;
		fill(ret, (enum gateway_way)(i / CAUSES), (unsigned)(i % CAUSES),
			f->others[i / CAUSES][i % CAUSES]);
		return true;
	}
	const struct row *r = f->rows[row];
	if (i < GATEWAY_WAYS) {
		fill(ret, (enum gateway_way)i, ANSWER_MAPPED, r->delivered[i]);
		return true;
	}
	i -= GATEWAY_WAYS;
	if (i >= r->n_cells)
		return false;
	fill(ret, (enum gateway_way)r->cells[i].way, r->cells[i].cause, r->cells[i].n);
	return true;
}

const struct figures_times *figures_times(const struct figures *f, enum gateway_way way)
{
	return &f->times[way];
}

const char *figures_bucket_end(unsigned i)
{
	return buckets[i].text;
}

/* ---- life ---- */

int figures_new(struct figures **ret, const struct partners *p, struct rng *rng)
{
	struct figures *f = mem_alloc0(sizeof(*f));

	if (!f)
		return -ENOMEM;
	map_init(&f->map, FIGURES_ROWS_MAX + 1, rng); /* one comes before the other goes */
	int err = figures_set_partners(f, p);
	if (err)
		figures_free(f);
	else
		*ret = f;
	return err;
}

struct figures *figures_free(struct figures *f)
{
	if (!f)
		return NULL;
	for (size_t i = 1; i <= f->n_rows; i++)
		free_row(f->rows[i]);
	map_done(&f->map);
	return mem_free(f);
}
