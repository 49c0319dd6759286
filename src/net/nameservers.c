#include "net/nameservers.h"

#include <arpa/nameser.h>
#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

enum { TRY_TIMEOUT_MS = 1000 };

/* ---- sockets of c-ares ---- */

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
	const struct way *way = arg;

	ares_process_fd(way->channel, what & EV_READ ? fd : ARES_SOCKET_BAD,
		what & EV_WRITE ? fd : ARES_SOCKET_BAD);
}

/* A channel of one server and one transport has one socket at a time. */
static void on_socket(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct way *way = arg;
	const short what = (short)((readable ? EV_READ : 0) | (writable ? EV_WRITE : 0));

	if (way->ev && (what || event_get_fd(way->ev) == fd)) {
		event_free(way->ev);
		way->ev = NULL;
	}
	if (!what)
		return;
	way->ev =
		event_new(loop_base(way->ns->loop), fd, (short)(what | EV_PERSIST), on_ready, way);
	if (way->ev)
		event_add(way->ev, NULL); /* else the question times out */
}

/* ---- channels ---- */

ares_channel nameserver_channel(struct nameserver *server, enum by by)
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
		return way->channel;
	if (ares_init_options(&way->channel, &o,
		    ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES |
			    ARES_OPT_SOCK_STATE_CB) == 0 &&
		ares_set_servers_ports_csv(way->channel, addr_text(&server->addr, text)) == 0)
		return way->channel;
	ares_destroy(way->channel);
	way->channel = NULL;
	return NULL;
}

/* ---- life ---- */

void nameservers_init(struct nameservers *ns, struct loop *loop)
{
	*ns = (struct nameservers){ .loop = loop };
}

void nameservers_add(struct nameservers *ns, const struct addr *addr)
{
	if (ns->n < NAMESERVERS_MAX && addr->family)
		ns->servers[ns->n++] = (struct nameserver){ .addr = *addr,
			.ways = { { .ns = ns }, { .ns = ns } } };
}

/* Those of resolv.conf(5), or 127.0.0.1 where there are none. */
static int find_servers(struct nameservers *ns, ares_channel channel)
{
	struct ares_addr_port_node *list = NULL;
	int err = ares_get_servers_ports(channel, &list) ? -ENOMEM : 0;

	for (const struct ares_addr_port_node *n = list; n; n = n->next) {
		struct addr a = { .family = n->family == AF_INET ? 4 : 6,
			.port = n->udp_port ? (uint16_t)n->udp_port : NS_DEFAULTPORT };

		memcpy(a.ip, &n->addr, a.family == 4 ? 4 : 16);
		nameservers_add(ns, &a);
	}
	ares_free_data(list);
	return err || ns->n ? err : -ENOMEM; /* c-ares always has one */
}

static int read_resolv_conf(struct nameservers *ns, struct search *domains)
{
	ares_channel channel;

	if (ares_init(&channel))
		return -ENOMEM;
	int err = ns->n ? 0 : find_servers(ns, channel);
	if (!err && domains)
		err = search_read(domains, channel);
	ares_destroy(channel);
	return err;
}

int nameservers_start(struct nameservers *ns, struct search *domains)
{
	if (ns->started)
		return 0;
	if (ares_library_init(ARES_LIB_INIT_ALL))
		return -ENOMEM;
	ns->started = true;
	return ns->n && !domains ? 0 : read_resolv_conf(ns, domains);
}

static ares_channel nth(const struct nameservers *ns, unsigned i)
{
	return ns->servers[i / WAYS].ways[i % WAYS].channel;
}

void nameservers_done(struct nameservers *ns)
{
	for (unsigned i = 0; i < WAYS * ns->n; i++)
		ares_destroy(nth(ns, i)); /* with its socket, which is told; NULL is fine */
	if (ns->started)
		ares_library_cleanup();
}

/* ---- time ---- */

ts_t nameservers_deadline(const struct nameservers *ns)
{
	ts_t at = TS_NEVER;

	for (unsigned i = 0; i < WAYS * ns->n; i++) {
		struct timeval tv;

		if (nth(ns, i) && ares_timeout(nth(ns, i), NULL, &tv))
			at = ts_min(at, ts_add(loop_now(ns->loop),
						(ts_t)tv.tv_sec * 1000000 + (ts_t)tv.tv_usec));
	}
	return at;
}

void nameservers_process(struct nameservers *ns)
{
	for (unsigned i = 0; i < WAYS * ns->n; i++)
		if (nth(ns, i))
			ares_process_fd(nth(ns, i), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}
