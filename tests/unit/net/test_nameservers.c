/* The servers' channels: how many, whose sockets are watched, and for how long they are waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <sys/socket.h>

#include "net/nameservers.h"
#include "net/sock.h"

/* Three servers that take questions and say nothing.  On the heap, so that a step over its end is
 * seen. */
struct silence {
	struct loop *loop;
	struct nameservers *ns;
	int fds[NAMESERVERS_MAX];
};

static unsigned n_allocated;

static void *allocate(size_t n)
{
	n_allocated++;
	return malloc(n);
}

static int set_up(void **state)
{
	struct silence *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	assert_int_equal(ares_library_init_mem(ARES_LIB_INIT_ALL, allocate, free, realloc), 0);
	assert_int_equal(loop_new(&s->loop), 0);
	s->ns = malloc(sizeof(*s->ns));
	assert_non_null(s->ns);
	nameservers_init(s->ns, s->loop);
	for (unsigned i = 0; i < NAMESERVERS_MAX; i++) {
		struct addr at;

		assert_true(addr_decode(SLICE("127.0.0.1:0"), &at));
		s->fds[i] = sock_open(&at, SOCK_DGRAM);
		assert_int_equal(sock_bind(s->fds[i], &at), 0);
		assert_int_equal(sock_local(s->fds[i], &at), 0);
		nameservers_add(s->ns, &at);
	}
	*state = s;
	return 0;
}

static int tear_down(void **state)
{
	struct silence *s = *state;

	nameservers_done(s->ns);
	free(s->ns);
	for (unsigned i = 0; i < NAMESERVERS_MAX; i++)
		close(s->fds[i]);
	loop_free(s->loop);
	ares_library_cleanup();
	free(s);
	return 0;
}

static void count(void *arg, int status, int timeouts, unsigned char *reply, int n)
{
	(void)status, (void)timeouts, (void)reply, (void)n;
	++*(unsigned *)arg;
}

static void ask(struct silence *s, unsigned server, unsigned *ret)
{
	ares_channel channel = nameserver_channel(&s->ns->servers[server], BY_UDP);

	assert_non_null(channel);
	ares_query(channel, "one.test", 1, 1, count, ret);
}

static void there_are_three_at_most(void **state)
{
	struct silence *s = *state;
	struct addr another, none = { 0 };

	assert_int_equal(s->ns->n, NAMESERVERS_MAX);
	assert_true(addr_decode(SLICE("127.0.0.1:9"), &another));
	nameservers_add(s->ns, &another);
	assert_int_equal(s->ns->n, NAMESERVERS_MAX);
	assert_false(addr_eq(&s->ns->servers[NAMESERVERS_MAX - 1].addr, &another));
	s->ns->n = 0;
	nameservers_add(s->ns, &none);
	assert_int_equal(s->ns->n, 0);
	nameservers_add(s->ns, &another);
	assert_int_equal(s->ns->n, 1);
	s->ns->n = NAMESERVERS_MAX;
}

static void a_socket_is_watched_while_it_is_there(void **state)
{
	struct silence *s = *state;
	unsigned answered = 0;

	assert_int_equal(nameservers_start(s->ns, NULL), 0);
	for (unsigned i = 0; i < NAMESERVERS_MAX; i++) {
		const struct way *way = &s->ns->servers[i].ways[BY_UDP];

		assert_null(way->ev);
		ask(s, i, &answered);
		assert_non_null(way->ev);
		assert_int_equal(event_get_events(way->ev), EV_READ | EV_PERSIST);
		assert_true(event_pending(way->ev, EV_READ, NULL) != 0);
		ares_cancel(way->channel); /* and with the last question its socket goes */
		assert_int_equal(answered, i + 1);
		assert_null(way->ev);
	}
}

/* The one that has to be looked at first counts, whichever it is. */
static void the_first_to_be_given_up_is_the_deadline(void **state)
{
	struct silence *s = *state;
	unsigned answered = 0;

	assert_int_equal(nameservers_start(s->ns, NULL), 0);
	assert_true(nameservers_deadline(s->ns) == TS_NEVER);
	nameserver_channel(&s->ns->servers[0], BY_TCP);
	assert_true(nameservers_deadline(s->ns) == TS_NEVER);
	for (unsigned i = NAMESERVERS_MAX; i-- > 0;) {
		ask(s, i, &answered);
		assert_in_range(
			nameservers_deadline(s->ns) - loop_now(s->loop), TS_MS(500), TS_S(1));
	}
	nameservers_process(s->ns);
	assert_int_equal(answered, 0);
	for (unsigned i = 0; i < NAMESERVERS_MAX; i++)
		ares_cancel(s->ns->servers[i].ways[BY_UDP].channel);
	assert_int_equal(answered, NAMESERVERS_MAX);
	assert_true(nameservers_deadline(s->ns) == TS_NEVER);
}

static void a_channel_is_made_once(void **state)
{
	struct silence *s = *state;

	assert_int_equal(nameservers_start(s->ns, NULL), 0);
	ares_channel udp = nameserver_channel(&s->ns->servers[0], BY_UDP);
	ares_channel tcp = nameserver_channel(&s->ns->servers[0], BY_TCP);
	assert_ptr_equal(nameserver_channel(&s->ns->servers[0], BY_UDP), udp);
	assert_ptr_not_equal(tcp, udp);
}

/* The library belongs to others as well: who has not begun with it does not end it. */
static void what_never_began_ends_nothing(void **state)
{
	struct silence *s = *state;
	ares_channel channel;

	nameservers_done(s->ns);
	n_allocated = 0;
	assert_int_equal(ares_init(&channel), 0);
	assert_true(n_allocated > 0);
	ares_destroy(channel);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(there_are_three_at_most),
		TEST(a_socket_is_watched_while_it_is_there),
		TEST(the_first_to_be_given_up_is_the_deadline),
		TEST(a_channel_is_made_once),
		TEST(what_never_began_ends_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
