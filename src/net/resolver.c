#include "net/resolver.h"

#include <arpa/nameser.h>
#include <assert.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "net/dns_read.h"
#include "net/nameservers.h"

enum {
	TRIES = 2, /* of each server */
	QUESTIONS_MAX = 32768,
};

struct question {
	struct list all; /* asked, or done */
	struct resolver *r;
	uint64_t id;
	enum dns_type type;
	char name[DNS_NAME_MAX];
	char full[DNS_NAME_MAX]; /* what is asked: the name, or completed by a domain */
	char alias[DNS_NAME_MAX];
	bool dropped, hosts;
	bool search;        /* it may be completed */
	unsigned candidate; /* which, of the name as it is and with each domain */
	bool has_words;     /* a server said something of it */
	bool exists;        /* one of them, without records of that type */
	unsigned attempt;   /* which, of TRIES times the servers */
	unsigned spoken;    /* a set of servers that answered, not well: they are not asked again */
	struct nameserver *asked;
	enum by by;
	enum dns_status status;
	struct addr from;
	struct dns_record *records;
	size_t n;
};

struct resolver {
	struct nameservers servers;
	resolver_answer *answer;
	void *arg;
	bool search; /* as resolv.conf(5) says */
	struct search domains;
	struct list asked, again, done;
	unsigned n_questions, n_asked;
};
_Static_assert(RESOLVER_SERVERS_MAX == NAMESERVERS_MAX, "each has a place");

/* ---- life ---- */

int resolver_new(struct resolver **ret, struct loop *loop, const struct resolver_cfg *cfg)
{
	struct resolver *r = mem_alloc0(sizeof(*r));

	if (!r)
		return -ENOMEM;
	nameservers_init(&r->servers, loop);
	r->answer = cfg->answer;
	r->arg = cfg->arg;
	r->search = cfg->search;
	for (unsigned i = 0; i < RESOLVER_SERVERS_MAX; i++)
		nameservers_add(&r->servers, &cfg->servers[i]);
	list_init(&r->asked);
	list_init(&r->again);
	list_init(&r->done);
	*ret = r;
	return 0;
}

void resolver_use(struct resolver *r, const struct addr *server)
{
	assert(!r->servers.started && "servers do not change under a question");
	r->servers.n = 0;
	r->search = false;
	nameservers_add(&r->servers, server);
}

static struct question *free_question(struct question *q)
{
	list_remove(&q->all);
	q->r->n_questions--;
	mem_free(q->records);
	return mem_free(q);
}

struct resolver *resolver_free(struct resolver *r)
{
	if (!r)
		return NULL;
	nameservers_done(&r->servers); /* what is asked comes back: none is left of these */
	struct list *const lists[] = { &r->again, &r->done };
	for (size_t i = 0; i < COUNT(lists); i++)
		for (struct question *q; (q = LIST_FIRST(lists[i], struct question, all));)
			free_question(q);
	return mem_free(r);
}

/* ---- answers ---- */

static enum dns_status status_of(int err, const unsigned char *p, int n)
{
	enum {
		RCODE_OK,
		RCODE_FORMERR,
		RCODE_SERVFAIL,
		RCODE_NXDOMAIN,
		RCODE_NOTIMP,
		RCODE_REFUSED
	};
	static const enum dns_status rcodes[] = {
		[RCODE_OK] = DNS_NODATA,
		[RCODE_FORMERR] = DNS_MALFORMED,
		[RCODE_SERVFAIL] = DNS_SERVFAIL,
		[RCODE_NXDOMAIN] = DNS_NXDOMAIN,
		[RCODE_NOTIMP] = DNS_SERVFAIL,
		[RCODE_REFUSED] = DNS_REFUSED,
	};

	if (p && n >= 12) { /* the server's own word, whatever c-ares made of it */
		unsigned rcode = p[3] & 15;

		return rcode < COUNT(rcodes) ? rcodes[rcode] : DNS_SERVFAIL;
	}
	switch (err) {
	case ARES_ETIMEOUT: return DNS_TIMEOUT;
	case ARES_ECONNREFUSED: return DNS_UNREACHABLE;
	case ARES_ECANCELLED:
	case ARES_EDESTRUCTION: return DNS_CANCELLED;
	default: return DNS_MALFORMED;
	}
}

static bool is_final(enum dns_status status)
{
	return status == DNS_OK || status == DNS_NXDOMAIN || status == DNS_NODATA ||
	       status == DNS_CANCELLED;
}

/* What is told when no server gave an answer: what one said is worth more than silence.  One that
 * fails may do better a moment later. */
static void note_status(struct question *q, enum dns_status status)
{
	bool silence = status == DNS_TIMEOUT || status == DNS_UNREACHABLE;
	bool had_more = q->has_words || (q->status == DNS_UNREACHABLE && status == DNS_TIMEOUT);

	if (!is_final(status) && silence && had_more)
		return;
	q->status = status;
	q->from = q->asked->addr;
	q->has_words |= !silence;
	if (!silence && status != DNS_SERVFAIL)
		q->spoken |= 1u << (q->asked - q->r->servers.servers);
}

static void set_done(struct question *q)
{
	list_remove(&q->all);
	list_append(&q->r->done, &q->all);
}

static enum dns_status read_answer(struct question *q, int err, const unsigned char *p, int n)
{
	struct dns_record records[DNS_RECORDS_MAX];
	enum dns_status status = status_of(err, p, n);
	int count = status == DNS_NODATA && p ? dns_read_records(q->type, p, n, records) : 0;

	if (count < 0)
		return DNS_MALFORMED;
	dns_read_alias(p, n, q->alias);
	if (count == 0)
		return status;
	q->records = mem_alloc0((size_t)count * sizeof(*q->records));
	if (!q->records)
		return DNS_CANCELLED;
	memcpy(q->records, records, (size_t)count * sizeof(*records));
	q->n = (size_t)count;
	return DNS_OK;
}

/* Called by c-ares, in the middle of its work: the next try and the telling are for
 * resolver_process(). */
static void on_answer(void *arg, int err, int timeouts, unsigned char *p, int n)
{
	struct question *q = arg;

	(void)timeouts;
	q->r->n_asked--;
	list_remove(&q->all);
	list_append(&q->r->again, &q->all);
	if (q->by == BY_UDP && dns_is_cut(p, n) && !q->dropped) {
		q->by = BY_TCP;
		return;
	}
	enum dns_status status = read_answer(q, err, p, n);
	if (q->by == BY_TCP && !p && status != DNS_CANCELLED)
		status = DNS_TCP_REFUSED;
	q->by = BY_UDP;
	note_status(q, status);
	if (is_final(status) || q->dropped)
		set_done(q);
}

/* ---- questions ---- */

static void put_question(struct question *q)
{
	static const int types[] = { [DNS_A] = ns_t_a,
		[DNS_AAAA] = ns_t_aaaa,
		[DNS_SRV] = ns_t_srv,
		[DNS_NAPTR] = ns_t_naptr };
	struct resolver *r = q->r;
	const ares_channel channel = nameserver_channel(q->asked, q->by);

	if (!channel) {
		q->status = DNS_CANCELLED;
		set_done(q);
		return;
	}
	list_remove(&q->all);
	list_append(&r->asked, &q->all);
	r->n_asked++;
	ares_query(channel, q->full, ns_c_in, types[q->type], on_answer, q);
}

/* The next try: each server in turn, those that have spoken are left out. */
static void ask(struct question *q)
{
	struct resolver *r = q->r;

	if (q->by == BY_TCP) {
		put_question(q);
		return;
	}
	while (q->attempt < TRIES * r->servers.n) {
		unsigned i = q->attempt++ % r->servers.n;

		if (q->spoken & 1u << i)
			continue;
		q->asked = &r->servers.servers[i];
		put_question(q);
		return;
	}
	set_done(q);
}

/* ---- names that are completed, resolv.conf(5) ---- */

/* False behind the last candidate. */
static bool put_candidate(struct question *q)
{
	if (q->candidate > (q->search ? q->r->domains.n : 0))
		return false;
	if (q->search)
		search_put(&q->r->domains, q->name, q->candidate, q->full);
	else
		memcpy(q->full, q->name, sizeof(q->full));
	q->attempt = q->spoken = 0;
	q->has_words = false;
	return true;
}

/* With none left it stays among those that are done. */
static void start_candidate(struct question *q)
{
	while (put_candidate(q)) {
		if (q->full[0]) {
			ask(q);
			return;
		}
		q->candidate++;
	}
}

/* Is it to be asked with the next domain?  Also what exists, without what is asked for, may be
 * meant otherwise; in the end that is told of the two. */
static bool goes_on(struct question *q)
{
	if (q->dropped || !q->full[0] || (q->status != DNS_NXDOMAIN && q->status != DNS_NODATA))
		return false;
	q->exists |= q->status == DNS_NODATA;
	q->candidate++;
	if (q->search && q->candidate <= q->r->domains.n)
		return true;
	q->status = q->exists ? DNS_NODATA : DNS_NXDOMAIN;
	return false;
}

static void answer_address(struct question *q, const struct addr *a)
{
	q->records = mem_alloc0(sizeof(*q->records));
	q->status = q->records ? DNS_OK : DNS_CANCELLED;
	if (!q->records)
		return;
	q->records[0] = (struct dns_record){ .type = q->type, .addr = *a };
	q->n = 1;
}

static bool from_literal(struct question *q)
{
	struct addr a;

	if (q->type > DNS_AAAA || !addr_decode_ip(slice_str(q->name), &a))
		return false;
	if (a.family == (q->type == DNS_A ? 4 : 6))
		answer_address(q, &a);
	else
		q->status = DNS_NODATA;
	return true;
}

static int read_hosts(struct question *q, enum dns_type type, struct dns_record *records)
{
	struct hostent *host = NULL;
	int n = 0;

	/* Any channel will do: it is only looked at for being one. */
	const ares_channel any = nameserver_channel(&q->r->servers.servers[0], BY_UDP);
	if (!any ||
		ares_gethostbyname_file(any, q->name, type == DNS_A ? AF_INET : AF_INET6, &host))
		return 0;
	for (char **p = host->h_addr_list; *p && n < DNS_RECORDS_MAX; p++) {
		records[n] = (struct dns_record){ .type = type };
		records[n].addr.family = type == DNS_A ? 4 : 6;
		memcpy(records[n++].addr.ip, *p, type == DNS_A ? 4 : 16);
	}
	ares_free_hostent(host);
	return n;
}

/* RFC 6761 section 6.3: never asked of a server. */
static bool from_localhost(struct question *q)
{
	const struct slice name = slice_str(q->name), last = SLICE(".localhost");
	const struct addr loopback = q->type == DNS_A
					     ? (struct addr){ .family = 4, .ip = { 127, 0, 0, 1 } }
					     : (struct addr){ .family = 6, .ip = { [15] = 1 } };

	if (!slice_ieqs(name, "localhost") &&
		(name.n <= last.n || !slice_ieq(slice_skip(name, name.n - last.n), last)))
		return false;
	answer_address(q, &loopback);
	return true;
}

/* A name that stands there, with an address of the other family only, has none of this one. */
static bool from_hosts(struct question *q)
{
	struct dns_record records[DNS_RECORDS_MAX];

	if (q->type > DNS_AAAA)
		return false;
	q->hosts = true;
	int n = read_hosts(q, q->type, records);
	if (n > 0) {
		q->records = mem_alloc0((size_t)n * sizeof(*records));
		q->status = q->records ? DNS_OK : DNS_CANCELLED;
		if (!q->records)
			return true;
		memcpy(q->records, records, (size_t)n * sizeof(*records));
		q->n = (size_t)n;
		return true;
	}
	if (from_localhost(q))
		return true;
	q->status = DNS_NODATA;
	q->hosts = read_hosts(q, q->type == DNS_A ? DNS_AAAA : DNS_A, records) > 0;
	return q->hosts;
}

int resolver_ask(
	struct resolver *r, uint64_t id, enum dns_type type, const char *name, bool is_host)
{
	if (r->n_questions == QUESTIONS_MAX)
		return ERR_LIMIT;
	struct question *q = mem_alloc0(sizeof(*q));
	if (!q)
		return -ENOMEM;
	q->r = r;
	q->id = id;
	q->type = type;
	q->search = is_host && r->search && !slice_ends(slice_str(name), SLICE("."));
	dns_copy_name(q->name, name);
	list_append(&r->done, &q->all);
	r->n_questions++;
	if (!q->name[0])
		q->status = DNS_MALFORMED;
	if (!q->name[0] || from_literal(q))
		return 0;
	int err = nameservers_start(&r->servers, r->search ? &r->domains : NULL);
	if (err) {
		free_question(q);
		return err;
	}
	if (!from_hosts(q)) {
		q->status = DNS_TIMEOUT;
		start_candidate(q);
	}
	return 0;
}

void resolver_drop(struct resolver *r, uint64_t id)
{
	struct list *const lists[] = { &r->asked, &r->again, &r->done };

	for (size_t i = 0; i < COUNT(lists); i++)
		for (struct list *n = lists[i]->next; n != lists[i]; n = n->next) {
			struct question *q = LIST_OWNER(n, struct question, all);

			q->dropped |= q->id == id;
		}
}

ts_t resolver_deadline(struct resolver *r)
{
	if (!list_empty(&r->done) || !list_empty(&r->again))
		return loop_now(r->servers.loop);
	return r->n_asked ? nameservers_deadline(&r->servers) : TS_NEVER;
}

static void tell(struct question *q)
{
	const struct dns_answer answer = { .status = q->status,
		.from_hosts_file = q->hosts,
		.searched = q->search && q->r->domains.n,
		.alias = q->alias,
		.server = q->from,
		.records = q->records,
		.n_records = q->n };

	if (!q->dropped)
		q->r->answer(q->r->arg, q->id, &answer);
}

void resolver_process(struct resolver *r)
{
	if (r->n_asked)
		nameservers_process(&r->servers);
	for (struct question *q; (q = LIST_FIRST(&r->again, struct question, all));)
		ask(q);
	for (struct question *q; (q = LIST_FIRST(&r->done, struct question, all));) {
		if (goes_on(q)) {
			start_candidate(q);
			continue;
		}
		list_remove(&q->all); /* the answer's owner may ask and drop */
		tell(q);
		free_question(q);
	}
}
