#include "net/resolver.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <event2/event.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/list.h"
#include "base/mem.h"
#include "net/sock.h"

enum {
	TRY_TIMEOUT_MS = 1000,
	TRIES = 2,
	FDS_MAX = 16,
	QUESTIONS_MAX = 4096,
};

struct question {
	struct list all;
	struct resolver *r;
	uint64_t id;
	enum dns_type type;
	char name[DNS_NAME_MAX];
	bool dropped;
};

struct watched {
	ares_socket_t fd;
	struct event *ev;
};

struct resolver {
	struct loop *loop;
	struct addr server;
	resolver_answer *answer;
	void *arg;
	ares_channel channel;
	bool ready;
	struct list questions;
	unsigned n_questions;
	struct watched watched[FDS_MAX];
	ts_t asked; /* when ares_timeout() was last asked */
};

/* ---- sockets of c-ares ---- */

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	struct resolver *r = arg;

	ares_process_fd(r->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
		what & EV_WRITE ? fd : ARES_SOCKET_BAD);
}

static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct resolver *r = arg;
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
		return;
	short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0) | EV_PERSIST);
	slot->fd = fd;
	slot->ev = event_new(loop_base(r->loop), fd, what, on_ready, r);
	if (slot->ev)
		event_add(slot->ev, NULL);
}

/* ---- life ---- */

int resolver_new(struct resolver **ret, struct loop *loop, const struct addr *server,
	resolver_answer *answer, void *arg)
{
	struct resolver *r = mem_alloc0(sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->loop = loop;
	r->server = *server;
	r->answer = answer;
	r->arg = arg;
	list_init(&r->questions);
	*ret = r;
	return 0;
}

struct resolver *resolver_free(struct resolver *r)
{
	struct list *n, *t;

	if (!r)
		return NULL;
	LIST_EACH(n, t, &r->questions)
	LIST_OWNER(n, struct question, all)->dropped = true;
	if (r->ready) {
		ares_destroy(r->channel); /* calls back with ARES_EDESTRUCTION */
		ares_library_cleanup();
	}
	for (unsigned i = 0; i < FDS_MAX; i++)
		if (r->watched[i].ev)
			event_free(r->watched[i].ev);
	return mem_free(r);
}

static int set_server(struct resolver *r)
{
	char text[ADDR_TEXT_MAX];

	if (!r->server.family)
		return ARES_SUCCESS;
	return ares_set_servers_ports_csv(r->channel, addr_text(&r->server, text));
}

static int start(struct resolver *r)
{
	struct ares_options o = {
		.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES,
		.timeout = TRY_TIMEOUT_MS,
		.tries = TRIES,
		.sock_state_cb = on_socket,
		.sock_state_cb_data = r,
	};

	if (r->ready)
		return 0;
	if (ares_library_init(ARES_LIB_INIT_ALL))
		return -ENOMEM;
	if (ares_init_options(&r->channel, &o,
		    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			    ARES_OPT_SOCK_STATE_CB) ||
		set_server(r)) {
		ares_library_cleanup();
		return -ENOMEM;
	}
	r->ready = true;
	return 0;
}

/* ---- answers ---- */

static void copy_name(char *ret, const char *name)
{
	size_t n = name ? strlen(name) : 0;

	if (n && name[n - 1] == '.')
		n--;
	if (!slice_cstr(slice_of(name, n), ret, DNS_NAME_MAX))
		ret[0] = '\0';
}

static size_t read_addresses(const unsigned char *p, int n, bool v6, struct dns_record *out)
{
	struct ares_addrttl v4_list[DNS_RECORDS_MAX];
	struct ares_addr6ttl v6_list[DNS_RECORDS_MAX];
	int count = DNS_RECORDS_MAX;
	int err = v6 ? ares_parse_aaaa_reply(p, n, NULL, v6_list, &count)
		     : ares_parse_a_reply(p, n, NULL, v4_list, &count);

	if (err != ARES_SUCCESS)
		return 0;
	for (int i = 0; i < count; i++) {
		out[i] = (struct dns_record){ .type = v6 ? DNS_AAAA : DNS_A };
		out[i].addr.family = v6 ? 6 : 4;
		out[i].ttl_s = (uint32_t)(v6 ? v6_list[i].ttl : v4_list[i].ttl);
		memcpy(out[i].addr.ip, v6 ? (const void *)&v6_list[i].ip6addr : &v4_list[i].ipaddr,
			v6 ? 16 : 4);
	}
	return (size_t)count;
}

static size_t read_srv(const unsigned char *p, int n, struct dns_record *out)
{
	struct ares_srv_reply *list = NULL;
	size_t count = 0;

	if (ares_parse_srv_reply(p, n, &list) != ARES_SUCCESS)
		return 0;
	for (struct ares_srv_reply *r = list; r && count < DNS_RECORDS_MAX; r = r->next) {
		out[count] = (struct dns_record){ .type = DNS_SRV,
			.srv = { .priority = r->priority, .weight = r->weight, .port = r->port } };
		copy_name(out[count++].srv.target, r->host);
	}
	ares_free_data(list);
	return count;
}

static size_t read_naptr(const unsigned char *p, int n, struct dns_record *out)
{
	struct ares_naptr_reply *list = NULL;
	size_t count = 0;

	if (ares_parse_naptr_reply(p, n, &list) != ARES_SUCCESS)
		return 0;
	for (struct ares_naptr_reply *r = list; r && count < DNS_RECORDS_MAX; r = r->next) {
		struct dns_record *to = &out[count++];

		*to = (struct dns_record){ .type = DNS_NAPTR,
			.naptr = { .order = r->order,
				.preference = r->preference,
				.has_regexp = r->regexp && r->regexp[0] } };
		snprintf(to->naptr.flags, sizeof(to->naptr.flags), "%s", (const char *)r->flags);
		snprintf(to->naptr.service, sizeof(to->naptr.service), "%s",
			(const char *)r->service);
		copy_name(to->naptr.replacement, r->replacement);
	}
	ares_free_data(list);
	return count;
}

static size_t read_records(
	enum dns_type type, const unsigned char *p, int n, struct dns_record *out)
{
	switch (type) {
	case DNS_A: return read_addresses(p, n, false, out);
	case DNS_AAAA: return read_addresses(p, n, true, out);
	case DNS_SRV: return read_srv(p, n, out);
	case DNS_NAPTR: return read_naptr(p, n, out);
	}
	return 0;
}

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

static void tell(struct resolver *r, uint64_t id, enum dns_status status, bool hosts,
	const struct dns_record *records, size_t n)
{
	const struct dns_answer answer = { .status = status,
		.from_hosts_file = hosts,
		.server = r->server,
		.records = records,
		.n_records = n };

	r->answer(r->arg, id, &answer);
}

static void on_answer(void *arg, int err, int timeouts, unsigned char *p, int n)
{
	struct question *q = arg;
	struct dns_record records[DNS_RECORDS_MAX];
	size_t count = p ? read_records(q->type, p, n, records) : 0;

	(void)timeouts;
	list_remove(&q->all);
	q->r->n_questions--;
	if (!q->dropped)
		tell(q->r, q->id, count ? DNS_OK : status_of(err, p, n), false, records, count);
	mem_free(q);
}

/* ---- questions ---- */

static bool from_literal(struct resolver *r, uint64_t id, enum dns_type type, const char *name)
{
	struct dns_record record = { .type = type };

	if (type > DNS_AAAA || !addr_decode_ip(slice_str(name), &record.addr))
		return false;
	bool fits = record.addr.family == (type == DNS_A ? 4 : 6);
	tell(r, id, fits ? DNS_OK : DNS_NODATA, false, &record, fits);
	return true;
}

static bool from_hosts(struct resolver *r, uint64_t id, enum dns_type type, const char *name)
{
	struct dns_record records[DNS_RECORDS_MAX];
	struct hostent *host = NULL;
	size_t n = 0;

	if (type > DNS_AAAA || ares_gethostbyname_file(
				       r->channel, name, type == DNS_A ? AF_INET : AF_INET6, &host))
		return false;
	for (char **p = host->h_addr_list; *p && n < DNS_RECORDS_MAX; p++) {
		records[n] = (struct dns_record){ .type = type };
		records[n].addr.family = type == DNS_A ? 4 : 6;
		memcpy(records[n++].addr.ip, *p, type == DNS_A ? 4 : 16);
	}
	ares_free_hostent(host);
	if (n)
		tell(r, id, DNS_OK, true, records, n);
	return n > 0;
}

int resolver_ask(struct resolver *r, uint64_t id, enum dns_type type, const char *name)
{
	static const int types[] = { [DNS_A] = ns_t_a,
		[DNS_AAAA] = ns_t_aaaa,
		[DNS_SRV] = ns_t_srv,
		[DNS_NAPTR] = ns_t_naptr };

	if (from_literal(r, id, type, name))
		return 0;
	int err = start(r);
	if (err)
		return err;
	if (from_hosts(r, id, type, name))
		return 0;
	struct question *q = r->n_questions < QUESTIONS_MAX ? mem_alloc0(sizeof(*q)) : NULL;
	if (!q)
		return -ENOMEM;
	q->r = r;
	q->id = id;
	q->type = type;
	list_append(&r->questions, &q->all);
	r->n_questions++;
	ares_query(r->channel, name, ns_c_in, types[type], on_answer, q);
	return 0;
}

void resolver_drop(struct resolver *r, uint64_t id)
{
	struct list *n, *t;

	LIST_EACH(n, t, &r->questions)
	{
		struct question *q = LIST_OWNER(n, struct question, all);

		q->dropped |= q->id == id;
	}
}

ts_t resolver_deadline(struct resolver *r)
{
	struct timeval tv;

	if (!r->n_questions || !ares_timeout(r->channel, NULL, &tv))
		return TS_NEVER;
	return ts_add(loop_now(r->loop), (ts_t)tv.tv_sec * 1000000 + (ts_t)tv.tv_usec);
}

void resolver_push_time(struct resolver *r)
{
	if (r->n_questions)
		ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}
