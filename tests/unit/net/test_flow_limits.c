/* How much waits, who is paused, and how a flow ends. */
#include "flow_rig.h"

#include <event2/event.h>
#include <fcntl.h>

#include "../clock.h"

enum { PIECE = 16384 }; /* read at once */

/* ---- sockets that take and give what a test lets them ---- */

static size_t room;        /* of what is sent; SIZE_MAX: as the kernel will */
static int next_errno;     /* of one send() or recv() */
static unsigned pieces;    /* so many are read as if the peer filled them */
static unsigned n_refused; /* so often was there no room */
static unsigned n_acks;    /* so often was one asked for at once */
static int full[2];        /* sockets whose peers send faster than anybody reads */
static int sink;           /* one that takes everything, and nobody has it */

ssize_t send(int fd, const void *bytes, size_t n, int flags)
{
	if (fd == sink)
		return (ssize_t)n;
	errno = next_errno ? next_errno : EAGAIN;
	n_refused += room == 0;
	if (next_errno || room == 0) {
		next_errno = 0;
		return -1;
	}
	ssize_t sent = sendto(fd, bytes, n < room ? n : room, flags, NULL, 0);
	if (sent > 0 && room != SIZE_MAX)
		room -= (size_t)sent;
	return sent;
}

ssize_t recv(int fd, void *bytes, size_t n, int flags)
{
	if (next_errno) {
		errno = next_errno;
		next_errno = 0;
		return -1;
	}
	if (pieces || fd == full[0] || fd == full[1]) {
		pieces -= pieces > 0;
		memset(bytes, 'x', n);
		return (ssize_t)n;
	}
	errno = EINTR; /* what an earlier call left there says nothing of this one */
	return recvfrom(fd, bytes, n, flags, NULL, NULL);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t n)
{
	n_acks += level == IPPROTO_TCP && name == TCP_QUICKACK && *(const int *)value;
	return (int)syscall(SYS_setsockopt, fd, level, name, value, n);
}

/* The socket takes so many more bytes. */
static void take(size_t n)
{
	ts_t end = loop_now(loop) + TS_S(5);

	room = n;
	while (room && loop_now(loop) < end)
		turn(0);
	assert_int_equal(room, 0);
	turn(0);
}

/* So many times around with nothing that has to happen. */
static void idle(unsigned turns)
{
	while (turns--)
		turn(0);
}

static bool is_busy(void)
{
	loop_wait(loop, 0);
	return flows_ready(&fs);
}

static int open_up(void **state)
{
	clock_reset();
	room = SIZE_MAX;
	next_errno = 0;
	pieces = n_refused = n_acks = 0;
	full[0] = full[1] = sink = -1;
	return set_up(state);
}

/* ---- reading ---- */

static void a_paused_flow_is_not_read(void **state)
{
	(void)state;
	connect_both();
	flow_pause(near.f, true);
	flow_write(far.f, SLICE("later"));
	flows_flush(&fs);
	turn(0);
	turn(0);
	assert_int_equal(buf_len(&near.bytes), 0);
	flow_pause(near.f, false);
	wait_for_bytes(&near, 5);
}

static void nothing_is_told_of_a_paused_flow_not_even_its_end(void **state)
{
	(void)state;
	connect_both();
	flow_pause(near.f, true);
	flow_write(far.f, SLICE("last"));
	flow_close(far.f);
	far.gone = true;
	idle(3);
	assert_false(is_busy());
	assert_string_equal(near.log, "");
	assert_int_equal(buf_len(&near.bytes), 0);
	flow_pause(near.f, false);
	wait_for(&near, "flow-eof");
	assert_string_equal(buf_cstr(&near.bytes), "last");
	/* The end stays readable for ever; that is told once, and not looked at again. */
	flow_pause(near.f, true);
	flow_pause(near.f, false);
	assert_false(is_busy());
	idle(2);
	assert_string_equal(near.log, "flow-eof");
}

static void pause_at_bytes(struct flow *f, const struct fact *in)
{
	if (in->type == FACT_FLOW_BYTES)
		flow_pause(f, true);
}

static void what_was_ready_when_it_paused_is_told_when_it_goes_on(void **state)
{
	(void)state;
	connect_both();
	clock_stop(); /* so that no wake-up is too long */
	flow_write(far.f, SLICE("x"));
	flows_flush(&fs);
	pieces = 10;
	react = pause_at_bytes;
	wait_for_bytes(&near, PIECE); /* one, and not the others of this wake-up */
	idle(2);
	assert_int_equal(buf_len(&near.bytes), PIECE);
	react = NULL;
	flow_pause(near.f, false);
	turn(0);
	assert_int_equal(buf_len(&near.bytes), 9 * PIECE); /* others have their turn */
	pieces = 0;
	wait_for_bytes(&near, 9 * PIECE + 1);
}

static void pause_the_other(struct flow *f, const struct fact *in)
{
	if (in->type == FACT_FLOW_BYTES)
		flow_pause(f == near.f ? far.f : near.f, true);
}

static void a_flow_paused_while_it_waits_for_its_turn_is_not_read(void **state)
{
	(void)state;
	connect_both();
	flow_write(near.f, SLICE("x"));
	flow_write(far.f, SLICE("x"));
	flows_flush(&fs);
	react = pause_the_other;
	idle(2);
	assert_int_equal(buf_len(&near.bytes) + buf_len(&far.bytes), 1);
	assert_false(is_busy());
}

static void a_flow_that_pauses_has_no_turn_to_wait_for(void **state)
{
	(void)state;
	connect_both();
	flow_write(near.f, SLICE("x"));
	flows_flush(&fs);
	pieces = 2;
	react = pause_at_bytes;
	wait_for_bytes(&far, PIECE);
	assert_false(flows_ready(&fs));
}

static void drop_at_bytes(struct flow *f, const struct fact *in)
{
	if (in->type != FACT_FLOW_BYTES)
		return;
	flow_drop(f);
	near.gone = true;
}

static void a_flow_dropped_by_its_owner_is_read_no_further(void **state)
{
	(void)state;
	connect_both();
	flow_write(far.f, SLICE("x"));
	flows_flush(&fs);
	pieces = 3;
	react = drop_at_bytes;
	wait_for_bytes(&near, PIECE);
	assert_string_equal(near.log, "");
	assert_int_equal(pieces, 2);
}

static void answer_much(struct flow *f, const struct fact *in)
{
	if (in->type == FACT_FLOW_BYTES)
		fill(f, FLOW_BLOCKED_BYTES + 1);
}

static void an_owner_that_has_much_to_say_is_told_so_before_it_hears_more(void **state)
{
	(void)state;
	connect_both();
	flow_write(far.f, SLICE("x"));
	flows_flush(&fs);
	room = 0;
	pieces = 3;
	react = answer_much;
	wait_for_bytes(&near, PIECE);
	assert_string_equal(near.log, "flow-blocked");
}

static unsigned n_told;

static void takes_long(struct flow *f, const struct fact *in)
{
	(void)f;
	n_told += in->type == FACT_FLOW_BYTES;
	clock_ahead += TS_MS(3);
}

/* Also where what came before the flows took all of the wake-up. */
static void one_piece_is_read_however_late_it_is(void **state)
{
	(void)state;
	connect_both();
	clock_stop();
	flow_write(far.f, SLICE("x"));
	flows_flush(&fs);
	loop_wait(loop, 0);
	pieces = 8;
	react = takes_long;
	clock_ahead += TS_MS(3);
	flows_process(&fs);
	assert_int_equal(buf_len(&near.bytes), PIECE);
	flows_process(&fs); /* the next wake-up, as late */
	assert_int_equal(buf_len(&near.bytes), 2 * PIECE);
	turn(0);
	assert_int_equal(buf_len(&near.bytes), 3 * PIECE);
}

/* So that whoever comes before the flows in a wake-up has its turn too. */
static void flows_whose_work_takes_long_share_wake_ups(void **state)
{
	(void)state;
	connect_both();
	clock_stop();
	n_told = 0;
	react = takes_long;
	for (unsigned i = 0; i < 4; i++) {
		flow_write(near.f, SLICE("x"));
		flow_write(far.f, SLICE("x"));
		flows_flush(&fs);
		turn(0);
		assert_int_equal(n_told, i + 1);
		assert_true(flows_ready(&fs));
	}
	/* One after the other, and each all that had come by then. */
	assert_int_equal(buf_len(&near.bytes) + buf_len(&far.bytes), 3 + 4);
}

static char order[64]; /* in which flows were heard: their ids */
static ts_t takes;

static void note_order(struct flow *f, const struct fact *in)
{
	if (in->type != FACT_FLOW_BYTES)
		return;
	(void)f;
	strncat(order, in->flow == 2 ? "2" : "3", sizeof(order) - strlen(order) - 1);
	clock_ahead += takes;
}

/* One more that was accepted; its peer's socket. */
static int open_third(struct told *third, int *ret_fd)
{
	union sock_addr sa;
	const socklen_t n = sock_put_addr(&sa, &listener_addr);
	const int peer = socket(AF_INET, SOCK_STREAM, 0);

	*third = (struct told){ 0 };
	buf_init(&third->bytes, BYTES_MAX);
	assert_int_equal(connect(peer, &sa.sa, n), 0);
	*ret_fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(*ret_fd >= 0);
	assert_int_equal(flow_adopt(&third->f, &fs, 3, *ret_fd, &listener_addr, third), 0);
	return peer;
}

static void begin_order(ts_t each)
{
	order[0] = '\0';
	takes = each;
	react = note_order;
	clock_stop();
	flow_write(near.f, SLICE("x"));
	flows_flush(&fs);
}

static void who_says_little_is_heard_before_who_says_much(void **state)
{
	struct told third;
	int fd;

	(void)state;
	full[0] = connect_both();
	const int peer = open_third(&third, &fd);
	begin_order(TS_MS(3)); /* longer than all have in a wake-up */
	turn(0);
	assert_string_equal(order, "22"); /* first as one that says little */
	for (unsigned i = 0; i < 3; i++) {
		order[0] = '\0';
		assert_int_equal(write(peer, "y", 1), 1);
		turn(0);
		assert_string_equal(order, "32"); /* who says much still has a turn */
	}
	flow_drop(third.f);
	buf_done(&third.bytes);
	close(peer);
}

static void those_who_say_much_are_heard_in_turn(void **state)
{
	struct told third;

	(void)state;
	full[0] = connect_both();
	const int peer = open_third(&third, &full[1]);
	begin_order(300); /* the seventh is behind the two milliseconds */
	assert_int_equal(write(peer, "y", 1), 1);
	turn(0);
	assert_true(strcmp(order, "2323232") == 0 || strcmp(order, "3232323") == 0);
	flow_drop(third.f);
	buf_done(&third.bytes);
	close(peer);
}

static void who_has_said_much_is_heard_first_when_it_says_little(void **state)
{
	struct told third;

	(void)state;
	full[0] = connect_both();
	const int peer = open_third(&third, &full[1]);
	begin_order(TS_MS(3));
	assert_int_equal(write(peer, "y", 1), 1);
	for (unsigned i = 0; i < 4; i++)
		turn(0);
	full[0] = -1;
	for (unsigned i = 0; i < 4; i++)
		turn(0);
	order[0] = '\0';
	flow_write(near.f, SLICE("z"));
	flows_flush(&fs);
	turn(0);
	assert_string_equal(order, "23");
	flow_drop(third.f);
	buf_done(&third.bytes);
	close(peer);
}

static void answer_once(struct flow *f, const struct fact *in)
{
	if (in->type != FACT_FLOW_BYTES)
		return;
	flow_write(f, SLICE("!"));
	react = NULL;
}

/* On those that we open: it costs a packet each time. */
static void an_acknowledgement_is_asked_for_once_and_where_nothing_else_goes(void **state)
{
	static const struct {
		const char *what;
		void (*react)(struct flow *f, const struct fact *in);
		bool accepted;
		size_t room;
		unsigned n_acks;
	} rows[] = {
		{ "heard in silence", NULL, false, SIZE_MAX, 1 },
		{ "answered", answer_once, false, SIZE_MAX, 0 },
		{ "answered, and the socket is full", answer_once, false, 0, 1 },
		{ "closed", close_at_bytes, false, SIZE_MAX, 0 },
		{ "accepted", NULL, true, SIZE_MAX, 0 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		tear_down(state);
		open_up(state);
		connect_both();
		print_message("%s\n", rows[i].what);
		flow_write(rows[i].accepted ? near.f : far.f, SLICE("x"));
		flows_flush(&fs);
		assert_int_equal(n_acks, 0);
		room = rows[i].room;
		react = rows[i].react;
		wait_for_bytes(rows[i].accepted ? &far : &near, 1);
		assert_int_equal(n_acks, rows[i].n_acks);
		if (rows[i].react != close_at_bytes)
			flow_write(rows[i].accepted ? far.f : near.f, SLICE("later"));
		idle(1);
		assert_int_equal(n_acks, rows[i].n_acks);
	}
}

static void a_call_that_was_interrupted_is_made_again(void **state)
{
	(void)state;
	connect_both();
	next_errno = EINTR;
	flow_write(near.f, SLICE("one"));
	flows_flush(&fs);
	next_errno = EINTR;
	wait_for_bytes(&far, 3);
	assert_string_equal(near.log, "");
	assert_string_equal(far.log, "");
}

static void an_error_of_the_socket_is_told(void **state)
{
	(void)state;
	connect_both();
	next_errno = EPIPE;
	flow_write(near.f, SLICE("one"));
	wait_for(&near, "flow-failed");
	assert_int_equal(near.err, EPIPE);
	assert_int_equal(near.step, FLOW_STEP_OPEN);
	next_errno = ETIMEDOUT;
	wait_for(&far, "flow-failed");
	assert_int_equal(far.err, ETIMEDOUT);
}

/* ---- a peer that does not read ---- */

static size_t read_all(int fd)
{
	static uint8_t bytes[65536];
	size_t n = 0;

	for (ssize_t got; (got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0;)
		n += (size_t)got;
	return n;
}

static void a_peer_that_does_not_read_blocks_and_then_frees(void **state)
{
	size_t written = 0, got = 0;
	ts_t end = loop_now(loop) + TS_S(5);

	(void)state;
	connect_near();
	int fd = accept_raw();
	/* The kernel holds the first megabytes; then it stays here. */
	for (; near.log[0] == '\0'; written += 60000) {
		fill(near.f, 60000);
		flows_flush(&fs);
		assert_true(written < 64 << 20);
	}
	assert_string_equal(near.log, "flow-blocked");
	while (strcmp(near.log, "flow-blocked flow-ready") != 0 && loop_now(loop) < end) {
		got += read_all(fd);
		turn(0);
	}
	assert_string_equal(near.log, "flow-blocked flow-ready");
	while (got < written && loop_now(loop) < end) {
		got += read_all(fd);
		turn(0);
	}
	assert_int_equal(got, written);
	close(fd);
}

static void blocked_and_ready_are_told_at_their_limits(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	room = 0;
	fill(near.f, FLOW_BLOCKED_BYTES);
	flows_flush(&fs);
	assert_string_equal(near.log, "");
	fill(near.f, 1);
	flows_flush(&fs);
	assert_string_equal(near.log, "flow-blocked");
	take(FLOW_BLOCKED_BYTES + 1 - FLOW_READY_BYTES);
	assert_string_equal(near.log, "flow-blocked");
	take(1);
	assert_string_equal(near.log, "flow-blocked flow-ready");
	fill(near.f, FLOW_BLOCKED_BYTES - FLOW_READY_BYTES + 2);
	flows_flush(&fs);
	assert_string_equal(near.log, "flow-blocked flow-ready flow-blocked");
	close(fd);
}

/* One call when it is full, and then the loop is asked. */
static void a_full_socket_is_not_tried_until_it_has_room(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	room = 0;
	for (unsigned i = 0; i < 10; i++) {
		fill(near.f, FLOW_BLOCKED_BYTES);
		flows_flush(&fs);
	}
	assert_int_equal(n_refused, 1);
	take(10 * FLOW_BLOCKED_BYTES);
	close(fd);
}

/* A peer that was slow once is not one for ever. */
static void what_a_slow_peer_cost_is_given_back(void **state)
{
	static const struct {
		size_t n;
		bool kept;
	} rows[] = { { 5, true }, { FLOW_MAX_BYTES / 2, false } };

	for (size_t i = 0; i < COUNT(rows); i++) {
		tear_down(state);
		open_up(state);
		connect_both();
		room = 0;
		fill(near.f, rows[i].n);
		flows_flush(&fs);
		take(rows[i].n);
		room = SIZE_MAX;
		mem_fail_after(0);
		flow_write(near.f, SLICE("next"));
		mem_fail_after(-1);
		idle(1);
		assert_int_equal(near.gone, !rows[i].kept);
	}
}

static void a_megabyte_that_nobody_takes_ends_the_flow(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	for (size_t n = 0; !near.gone && n < 64 << 20; n += 60000) {
		fill(near.f, 60000);
		flows_flush(&fs);
	}
	assert_string_equal(near.log, "flow-blocked flow-failed");
	assert_int_equal(near.err, ENOBUFS);
	close(fd);
}

static void much_at_once_is_fine_when_the_peer_reads(void **state)
{
	(void)state;
	connect_both();
	/* More than the limit, in one wake-up, but never more than the socket leaves. */
	for (unsigned i = 0; i < 40; i++) {
		fill(near.f, 100000);
		turn(0);
	}
	wait_for_bytes(&far, 4000000);
	assert_false(near.gone);
}

/* What the socket takes counts against no limit, however much it is between two wake-ups. */
static void what_the_socket_takes_does_not_block(void **state)
{
	(void)state;
	connect_both();
	sink = socket_at(flow_local(near.f));
	fill(near.f, 2 * FLOW_MAX_BYTES);
	flows_flush(&fs);
	assert_string_equal(near.log, "");
}

/* ---- the end ---- */

static void a_closed_flow_writes_what_it_was_given(void **state)
{
	size_t got = 0;
	ts_t end = loop_now(loop) + TS_S(5);
	bool over = false;

	(void)state;
	connect_near();
	int fd = accept_raw();
	fill(near.f, 900000);
	flow_close(near.f);
	near.gone = true;
	/* The peer has finished long ago; that cuts nothing off. */
	shutdown(fd, SHUT_WR);
	while (!over && loop_now(loop) < end) {
		uint8_t bytes[65536];

		turn(0);
		ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		over = n == 0;
		got += n > 0 ? (size_t)n : 0;
	}
	assert_true(over);
	assert_int_equal(got, 900000);
	assert_int_equal(flows_count(&fs), 0); /* both ends have spoken */
	assert_int_equal(flows_deadline(&fs), TS_NEVER);
	assert_string_equal(near.log, "");
	close(fd);
}

static void a_closed_flow_waits_for_the_peer_not_for_ever(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	clock_stop();
	flow_close(near.f);
	near.gone = true;
	turn(0);
	turn(0);
	assert_int_equal(flows_count(&fs), 1);
	clock_ahead += TS_MS(1000) - 1;
	turn(0);
	assert_int_equal(flows_count(&fs), 1);
	clock_ahead += 1;
	turn(0);
	assert_int_equal(flows_count(&fs), 0);
	close(fd);
}

/* The clock is the loop's, which is read once a wake-up. */
static void a_closed_flow_has_its_time_from_the_last_byte_that_went(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	clock_stop();
	idle(1);
	room = 0;
	fill(near.f, 3);
	flow_close(near.f);
	near.gone = true;
	ts_t end = flows_deadline(&fs);
	assert_int_equal(end, loop_now(loop) + TS_S(30));
	assert_true(flows_pending(&fs));
	clock_ahead += TS_S(29);
	idle(2);
	assert_int_equal(flows_deadline(&fs), end);
	take(2);
	assert_int_equal(flows_deadline(&fs), end + TS_S(29));
	clock_ahead += TS_S(30) - 1;
	idle(2);
	assert_int_equal(flows_count(&fs), 1);
	clock_ahead += 1;
	idle(1);
	assert_int_equal(flows_count(&fs), 0);
	assert_false(flows_pending(&fs));
	assert_int_equal(flows_deadline(&fs), TS_NEVER);
	assert_string_equal(near.log, "");
	close(fd);
}

static void a_lingering_flow_ends_with_its_peer(void **state)
{
	char byte;

	(void)state;
	connect_near();
	int fd = accept_raw();
	flow_close(near.f);
	near.gone = true;
	turn(0);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	assert_int_equal(flows_deadline(&fs), loop_now(loop) + TS_S(1));
	assert_false(flows_pending(&fs)); /* nothing is held up by it */
	/* What it still says is heard by nobody. */
	assert_int_equal(send(fd, "?", 1, 0), 1);
	idle(2);
	assert_int_equal(flows_count(&fs), 1);
	assert_int_equal(buf_len(&near.bytes), 0);
	close(fd);
	idle(2);
	assert_int_equal(flows_count(&fs), 0);
	assert_int_equal(flows_deadline(&fs), TS_NEVER);
	assert_string_equal(near.log, "");
}

/* The end stays readable for ever. */
static void an_end_is_looked_at_once(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	shutdown(fd, SHUT_WR);
	wait_for(&near, "flow-eof");
	assert_false(is_busy());
	close(fd);
}

static void the_end_of_who_must_still_be_written_to_is_looked_at_once(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	room = 0;
	fill(near.f, 3);
	flow_close(near.f);
	near.gone = true;
	shutdown(fd, SHUT_WR);
	idle(3);
	/* The socket could be written all the time, but for this test. */
	assert_false(is_busy());
	take(3);
	assert_int_equal(flows_count(&fs), 0);
	close(fd);
}

static void a_paused_flow_that_is_closed_sees_its_peers_end(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	flow_pause(near.f, true);
	flow_close(near.f);
	near.gone = true;
	turn(0);
	assert_int_equal(flows_count(&fs), 1);
	close(fd);
	idle(2);
	assert_int_equal(flows_count(&fs), 0);
}

static void a_closed_flow_that_cannot_be_written_is_dropped_in_silence(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	fill(near.f, 3);
	flow_close(near.f);
	near.gone = true;
	next_errno = EPIPE;
	turn(0);
	assert_int_equal(flows_count(&fs), 0);
	assert_string_equal(near.log, "");
	close(fd);
}

/* Its owner may be gone. */
static void of_a_closed_flow_it_is_not_told_that_there_is_room(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	room = 0;
	fill(near.f, FLOW_BLOCKED_BYTES + 1);
	flows_flush(&fs);
	assert_string_equal(near.log, "flow-blocked");
	flow_close(near.f);
	near.gone = true;
	take(FLOW_BLOCKED_BYTES);
	assert_string_equal(near.log, "flow-blocked");
	take(1);
	assert_string_equal(near.log, "flow-blocked");
	close(fd);
}

static void a_flow_closed_while_connecting_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(flow_connect(&near.f, &fs, 1, &listener_addr, &near), 0);
	flow_close(near.f);
	near.gone = true;
	idle(2);
	assert_string_equal(near.log, "");
	assert_int_equal(flows_count(&fs), 0);
}

static void to_a_closed_flow_nothing_can_be_done(void **state)
{
	char text[16];

	(void)state;
	connect_near();
	int fd = accept_raw();
	flow_write(near.f, SLICE("end"));
	flow_close(near.f);
	near.gone = true;
	ts_t end = flows_deadline(&fs);
	clock_ahead += TS_S(1);
	flow_write(near.f, SLICE("more"));
	flow_pause(near.f, true);
	flow_close(near.f);
	assert_int_equal(flows_deadline(&fs), end);
	turn(0);
	assert_int_equal(recv(fd, text, sizeof(text), 0), 3);
	assert_int_equal(recv(fd, text, sizeof(text), 0), 0);
	close(fd);
	idle(2);
	assert_int_equal(flows_count(&fs), 0);
}

static void a_dropped_flow_is_gone_at_once(void **state)
{
	(void)state;
	connect_both();
	flow_write(near.f, SLICE("lost"));
	flow_drop(near.f);
	near.gone = true;
	wait_for(&far, "flow-eof");
	assert_int_equal(buf_len(&far.bytes), 0);
}

/* ---- what is left behind ---- */

static int next_descriptor(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

static int events(void)
{
	return event_base_get_num_events(loop_base(loop), EVENT_BASE_COUNT_ADDED);
}

static void a_flow_that_cannot_begin_leaves_nothing(void **state)
{
	const int next = next_descriptor();
	const struct addr none = { 0 };
	struct addr all;

	(void)state;
	assert_true(addr_decode(SLICE("255.255.255.255:9"), &all));
	assert_int_equal(flow_connect(&near.f, &fs, 1, &none, &near), -EAFNOSUPPORT);
	assert_true(flow_connect(&near.f, &fs, 1, &all, &near) < 0);
	mem_fail_after(0);
	assert_int_equal(flow_connect(&near.f, &fs, 1, &listener_addr, &near), -ENOMEM);
	mem_fail_after(0);
	assert_int_equal(flow_adopt(&far.f, &fs, 2, dup(listener), &listener_addr, &far), -ENOMEM);
	mem_fail_after(-1);
	assert_null(near.f);
	assert_null(far.f);
	assert_int_equal(next_descriptor(), next);
	assert_int_equal(flows_count(&fs), 0);
}

static void a_dropped_flow_leaves_nothing(void **state)
{
	const int before = events(), next = next_descriptor();
	char byte;
	int pair[2];

	(void)state;
	connect_both();
	flow_write(near.f, SLICE("x"));
	flow_write(far.f, SLICE("lost"));
	flows_flush(&fs);
	loop_wait(loop, 0);
	room = 0;
	flow_write(near.f, SLICE("waits"));
	flows_flush(&fs); /* for room */
	flow_write(near.f, SLICE("y"));
	flow_write(far.f, SLICE("z"));
	flow_drop(near.f); /* with something to write, */
	flow_drop(far.f);  /* and something to read */
	near.gone = far.gone = true;
	assert_int_equal(events(), before);
	assert_false(flows_ready(&fs));
	assert_int_equal(next_descriptor(), next);
	/* Others have their descriptors now. */
	room = SIZE_MAX;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(pair[0], next);
	flow_drop(near.f);
	flow_drop(far.f);
	assert_int_equal(write(pair[0], "0", 1), 1);
	assert_int_equal(write(pair[1], "1", 1), 1);
	idle(1);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(read(pair[i], &byte, 1), 1);
		assert_int_equal(byte, "10"[i]);
		assert_int_equal(read(pair[i], &byte, 1), -1);
	}
	close(pair[0]);
	close(pair[1]);
	assert_string_equal(near.log, "");
	assert_string_equal(far.log, "");
	assert_int_equal(flows_count(&fs), 0);
}

static void nothing_is_held_back_to_be_sent_with_more(void **state)
{
	int on = 0;
	socklen_t n = sizeof(on);

	(void)state;
	connect_both();
	assert_int_equal(
		getsockopt(socket_at(flow_local(near.f)), IPPROTO_TCP, TCP_NODELAY, &on, &n), 0);
	assert_true(on);
}

/* It has no time that would end it. */
static void without_memory_a_flow_is_not_closed_but_dropped(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	mem_fail_after(0);
	flow_close(near.f);
	mem_fail_after(-1);
	near.gone = true;
	idle(1);
	assert_int_equal(flows_count(&fs), 0);
	close(fd);
}

static void without_memory_for_what_is_written_the_flow_ends(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	mem_fail_after(0);
	flow_write(near.f, SLICE("lost"));
	mem_fail_after(-1);
	wait_for(&near, "flow-failed");
	assert_int_equal(near.err, ENOMEM);
	close(fd);
}

static void those_that_are_closing_end_with_all(void **state)
{
	(void)state;
	connect_near();
	int fd = accept_raw();
	room = 0;
	fill(near.f, 3);
	flow_close(near.f);
	near.gone = true;
	idle(1);
	flows_done(&fs);
	assert_int_equal(flows_count(&fs), 0);
	assert_int_equal(flows_init(&fs, loop, trust, tell, NULL), 0); /* for the end of the test */
	close(fd);
}

#undef TEST
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_paused_flow_is_not_read),
		TEST(nothing_is_told_of_a_paused_flow_not_even_its_end),
		TEST(what_was_ready_when_it_paused_is_told_when_it_goes_on),
		TEST(a_flow_paused_while_it_waits_for_its_turn_is_not_read),
		TEST(a_flow_that_pauses_has_no_turn_to_wait_for),
		TEST(a_flow_dropped_by_its_owner_is_read_no_further),
		TEST(an_owner_that_has_much_to_say_is_told_so_before_it_hears_more),
		TEST(one_piece_is_read_however_late_it_is),
		TEST(flows_whose_work_takes_long_share_wake_ups),
		TEST(who_says_little_is_heard_before_who_says_much),
		TEST(those_who_say_much_are_heard_in_turn),
		TEST(who_has_said_much_is_heard_first_when_it_says_little),
		TEST(an_acknowledgement_is_asked_for_once_and_where_nothing_else_goes),
		TEST(a_call_that_was_interrupted_is_made_again),
		TEST(an_error_of_the_socket_is_told),
		TEST(a_peer_that_does_not_read_blocks_and_then_frees),
		TEST(blocked_and_ready_are_told_at_their_limits),
		TEST(a_full_socket_is_not_tried_until_it_has_room),
		TEST(what_a_slow_peer_cost_is_given_back),
		TEST(a_megabyte_that_nobody_takes_ends_the_flow),
		TEST(much_at_once_is_fine_when_the_peer_reads),
		TEST(what_the_socket_takes_does_not_block),
		TEST(a_closed_flow_writes_what_it_was_given),
		TEST(a_closed_flow_waits_for_the_peer_not_for_ever),
		TEST(a_closed_flow_has_its_time_from_the_last_byte_that_went),
		TEST(a_lingering_flow_ends_with_its_peer),
		TEST(an_end_is_looked_at_once),
		TEST(the_end_of_who_must_still_be_written_to_is_looked_at_once),
		TEST(a_paused_flow_that_is_closed_sees_its_peers_end),
		TEST(a_closed_flow_that_cannot_be_written_is_dropped_in_silence),
		TEST(of_a_closed_flow_it_is_not_told_that_there_is_room),
		TEST(a_flow_closed_while_connecting_says_nothing),
		TEST(to_a_closed_flow_nothing_can_be_done),
		TEST(a_dropped_flow_is_gone_at_once),
		TEST(a_flow_that_cannot_begin_leaves_nothing),
		TEST(a_dropped_flow_leaves_nothing),
		TEST(nothing_is_held_back_to_be_sent_with_more),
		TEST(without_memory_a_flow_is_not_closed_but_dropped),
		TEST(without_memory_for_what_is_written_the_flow_ends),
		TEST(those_that_are_closing_end_with_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
