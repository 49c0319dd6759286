#include "net/resolver.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <assert.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "net/dns_read.h"
#include "net/search.h"
#include "net/sock.h"

enum {
	TRY_TIMEOUT_MS = 1000,
	TRIES = 2, /* of each server */

	FDS_MAX = 16,
	QUESTIONS_MAX = 4096,
};

enum by { BY_UDP, BY_TCP, WAYS };

/* A channel of its own for each server and transport: which server said what must be known, and so
 * is whether it takes TCP.  Going on is ours to do (ARES_FLAG_NOCHECKRESP, _IGNTC). */
struct way {
	struct resolver *r;
	ares_channel channel; /* NULL until something is asked by it */
};

struct server {
	struct addr addr;
	struct way ways[WAYS];
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
	struct server *asked;
	enum by by;
	enum dns_status status;
	struct addr from;
	struct dns_record *records;
	size_t n;
};

struct watched {
	ares_socket_t fd;
	struct event *ev;
	ares_channel channel;
};

struct resolver {
	struct loop *loop;
	resolver_answer *answer;
	void *arg;
	bool started;
	struct server servers[RESOLVER_SERVERS_MAX];
	unsigned n_servers;
	bool search; /* as resolv.conf(5) says */
	struct search domains;
	struct list asked, again, done;
	unsigned n_questions, n_asked;
	struct watched watched[FDS_MAX];
};

/* ---- sockets of c-ares ---- */

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct watched *w = arg;

	ares_process_fd(w->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
		what & EV_WRITE ? fd : ARES_SOCKET_BAD);
}

static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct way *way = arg;
	struct resolver *r = way->r;
	struct watched *slot = NULL;

	for (unsigned i = 0; i < FDS_MAX; i++) {
		struct watched *w = &r->watched[i];

		if (w->ev && w->fd == fd) {
			event_free(w->ev);
			w->ev = NULL;
		}
		if (!w->ev && !slot)
			slot = w;
	}
	if (!slot || (!readable && !writable))
		return; /* without a slot the question times out */
	short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0) | EV_PERSIST);
	slot->fd = fd;
	slot->channel = way->channel;
	slot->ev = event_new(loop_base(r->loop), fd, what, on_ready, slot);
	if (slot->ev)
		event_add(slot->ev, NULL);
}

/* ---- life ---- */

static void add_server(struct resolver *r, const struct addr *addr)
{
	if (r->n_servers < RESOLVER_SERVERS_MAX && addr->family)
		r->servers[r->n_servers++] =
			(struct server){ .addr = *addr, .ways = { { .r = r }, { .r = r } } };
}

int resolver_new(struct resolver **ret, struct loop *loop, const struct resolver_cfg *cfg)
{
	struct resolver *r = mem_alloc0(sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->loop = loop;
	r->answer = cfg->answer;
	r->arg = cfg->arg;
	r->search = cfg->search;
	for (unsigned i = 0; i < RESOLVER_SERVERS_MAX; i++)
		add_server(r, &cfg->servers[i]);
	list_init(&r->asked);
	list_init(&r->again);
	list_init(&r->done);
	*ret = r;
	return 0;
}

void resolver_use(struct resolver *r, const struct addr *server)
{
	assert(!r->started && "servers do not change under a question");
	r->n_servers = 0;
	r->search = false;
	add_server(r, server);
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
	for (unsigned i = 0; i < r->n_servers; i++)
		for (unsigned by = 0; by < WAYS; by++)
			if (r->servers[i].ways[by].channel) /* its questions become done */
				ares_destroy(r->servers[i].ways[by].channel);
	struct list *const lists[] = { &r->asked, &r->again, &r->done };
	for (size_t i = 0; i < COUNT(lists); i++)
		for (struct question *q; (q = LIST_FIRST(lists[i], struct question, all));)
			free_question(q);
	if (r->started)
		ares_library_cleanup();
	for (unsigned i = 0; i < FDS_MAX; i++)
		if (r->watched[i].ev)
			event_free(r->watched[i].ev);
	return mem_free(r);
}

/* Those of resolv.conf(5), or 127.0.0.1 where there are none. */
static int find_servers(struct resolver *r, ares_channel channel)
{
	struct ares_addr_port_node *list = NULL;
	int err = ares_get_servers_ports(channel, &list) ? -ENOMEM : 0;

	for (const struct ares_addr_port_node *n = list; n; n = n->next) {
		struct addr a = { .family = n->family == AF_INET ? 4 : 6,
			.port = n->udp_port ? (uint16_t)n->udp_port : NS_DEFAULTPORT };

		memcpy(a.ip, &n->addr, a.family == 4 ? 4 : 16);
		add_server(r, &a);
	}
	ares_free_data(list);
	return err || r->n_servers ? err : -ENOMEM; /* c-ares always has one */
}

static int read_resolv_conf(struct resolver *r)
{
	ares_channel channel;

	if (ares_init(&channel))
		return -ENOMEM;
	int err = r->n_servers ? 0 : find_servers(r, channel);
	if (!err && r->search)
		err = search_read(&r->domains, channel);
	ares_destroy(channel);
	return err;
}

static int start(struct resolver *r)
{
	if (r->started)
		return 0;
	if (ares_library_init(ARES_LIB_INIT_ALL))
		return -ENOMEM;
	r->started = true;
	return r->n_servers && !r->search ? 0 : read_resolv_conf(r);
}

static int open_channel(struct server *server, enum by by)
{
	char text[ADDR_TEXT_MAX];
	struct way *way = &server->ways[by];
	struct ares_options o = {
		.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES |
			 ARES_FLAG_IGNTC | (by == BY_TCP ? ARES_FLAG_USEVC : 0),
		.timeout = TRY_TIMEOUT_MS,
		.tries = 1,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = way,
	};

	if (way->channel)
		return 0;
	if (ares_init_options(&way->channel, &o,
		    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			    ARES_OPT_SOCK_STATE_CB)) {
		way->channel = NULL;
		return -ENOMEM;
	}
	if (ares_set_servers_ports_csv(way->channel, addr_text(&server->addr, text)) == 0)
		return 0;
	ares_destroy(way->channel);
	way->channel = NULL;
	return -ENOMEM;
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
	case ARES_ENOTFOUND: return DNS_NXDOMAIN;
	case ARES_ENODATA: return DNS_NODATA;
	case ARES_ETIMEOUT: return DNS_TIMEOUT;
	case ARES_EREFUSED: return DNS_REFUSED;
	case ARES_ESERVFAIL: return DNS_SERVFAIL;
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
		q->spoken |= 1u << (q->asked - q->r->servers);
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

	if (open_channel(q->asked, q->by)) {
		q->status = DNS_CANCELLED;
		set_done(q);
		return;
	}
	list_remove(&q->all);
	list_append(&r->asked, &q->all);
	r->n_asked++;
	ares_query(q->asked->ways[q->by].channel, q->full, ns_c_in, types[q->type], on_answer, q);
}

/* The next try: each server in turn, those that have spoken are left out. */
static void ask(struct question *q)
{
	struct resolver *r = q->r;

	if (q->by == BY_TCP) {
		put_question(q);
		return;
	}
	while (q->attempt < TRIES * r->n_servers) {
		unsigned i = q->attempt++ % r->n_servers;

		if (q->spoken & 1u << i)
			continue;
		q->asked = &r->servers[i];
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

static void start_candidate(struct question *q)
{
	while (put_candidate(q)) {
		if (q->full[0]) {
			ask(q);
			return;
		}
		q->candidate++;
	}
	set_done(q);
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
	if (open_channel(&q->r->servers[0], BY_UDP) ||
		ares_gethostbyname_file(q->r->servers[0].ways[BY_UDP].channel, q->name,
			type == DNS_A ? AF_INET : AF_INET6, &host))
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
	int err = start(r);
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
	ts_t at = TS_NEVER;

	if (!list_empty(&r->done) || !list_empty(&r->again))
		return loop_now(r->loop);
	for (unsigned i = 0; i < WAYS * r->n_servers && r->n_asked; i++) {
		const ares_channel channel = r->servers[i / WAYS].ways[i % WAYS].channel;
		struct timeval tv;

		if (channel && ares_timeout(channel, NULL, &tv))
			at = ts_min(at, ts_add(loop_now(r->loop),
						(ts_t)tv.tv_sec * 1000000 + (ts_t)tv.tv_usec));
	}
	return at;
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
	for (unsigned i = 0; i < WAYS * r->n_servers && r->n_asked; i++) {
		const ares_channel channel = r->servers[i / WAYS].ways[i % WAYS].channel;

		if (channel)
			ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	}
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
