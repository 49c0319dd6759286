/* pcapng, read back byte by byte: blocks, options and tags as draft-ietf-opsawg-pcapng and
 * Wireshark's epan/exported_pdu.h have them. */
#include "traced.h"

static unsigned get16(struct slice s, size_t at)
{
	assert_true(at + 2 <= s.n);
	return (unsigned)s.p[at] << 8 | s.p[at + 1];
}

static uint32_t get32(struct slice s, size_t at)
{
	return (uint32_t)get16(s, at) << 16 | get16(s, at + 2);
}

/* The next block's body; its type. */
static uint32_t next_block(struct slice *file, struct slice *body)
{
	const uint32_t type = get32(*file, 0), n = get32(*file, 4);

	assert_true(n % 4 == 0 && n >= 12 && n <= file->n);
	assert_int_equal(get32(*file, n - 4), n);
	*body = slice_cut(*file, 8, n - 4);
	*file = slice_skip(*file, n);
	return type;
}

/* The value of an option, or of a tag; "" when it is not there.  *end is where the list ends. */
static struct slice find(struct slice list, unsigned code, size_t *end)
{
	struct slice found = SLICE("");
	size_t at = 0;

	for (;;) {
		const unsigned c = get16(list, at), n = get16(list, at + 2);

		at += 4;
		if (c == 0)
			break;
		if (c == code && found.n == 0)
			found = slice_cut(list, at, at + n);
		at += (n + 3) & ~3u;
	}
	if (end)
		*end = at;
	return found;
}

static void skip_headers(struct slice *file)
{
	struct slice body;

	assert_int_equal(next_block(file, &body), 0x0a0d0d0a);
	assert_int_equal(get32(body, 0), 0x1a2b3c4d);
	assert_int_equal(get16(body, 4), 1);
	assert_true(slice_eqs(find(slice_skip(body, 16), 4, NULL), "stox"));
	assert_int_equal(next_block(file, &body), 1);
	assert_int_equal(get16(body, 0), 252);
	struct slice resolution = find(slice_skip(body, 8), 9, NULL);
	assert_int_equal(resolution.n, 1);
	assert_int_equal(resolution.p[0], 6);
}

struct packet {
	uint64_t at;
	struct slice pdu, options;
};

static struct packet next_packet(struct slice *file)
{
	struct slice body;
	struct packet p;

	assert_int_equal(next_block(file, &body), 6);
	assert_int_equal(get32(body, 0), 0);
	p.at = (uint64_t)get32(body, 4) << 32 | get32(body, 8);
	const uint32_t n = get32(body, 12);
	assert_int_equal(get32(body, 16), n);
	p.pdu = slice_cut(body, 20, 20 + n);
	p.options = slice_skip(body, 20 + ((n + 3) & ~3u));
	return p;
}

static void a_packet_has_its_protocol_addresses_and_time(void **state)
{
	struct traced f;
	size_t end;

	(void)state;
	traced_refused(&f);
	traced_write(&f, trace_pcapng);
	struct slice file = buf_slice(&f.b);
	skip_headers(&file);
	struct packet p = next_packet(&file);
	assert_true(p.at == (uint64_t)f.run.started_at_us + 500);
	assert_true(slice_eq(find(p.pdu, 12, &end), SLICE("sip\0")));
	assert_true(slice_eq(slice_skip(p.pdu, end),
		SLICE("REGISTER sip:litware.test SIP/2.0\r\nCSeq: 1 REGISTER\r\n\r\n")));
	assert_true(slice_eq(find(p.pdu, 20, NULL), slice_of(traced_user.ip, 4)));
	assert_true(slice_eq(find(p.pdu, 21, NULL), slice_of(traced_pool.ip, 4)));
	assert_int_equal(get32(find(p.pdu, 24, NULL), 0), 2);
	assert_int_equal(get32(find(p.pdu, 25, NULL), 0), 40001);
	assert_int_equal(get32(find(p.pdu, 26, NULL), 0), 5061);
	assert_true(
		slice_eqs(find(p.options, 1, NULL), "sip.register, protected by TLS on the way"));
	assert_int_equal(get32(find(p.options, 2, NULL), 0), 2);
	p = next_packet(&file);
	assert_true(slice_eq(find(p.pdu, 12, &end), SLICE("xmpp")));
	assert_true(slice_eq(find(p.pdu, 22, NULL), slice_of(traced_server.ip, 16)));
	assert_true(slice_eq(find(p.pdu, 23, NULL), slice_of(traced_receiver.ip, 16)));
	assert_int_equal(get32(find(p.pdu, 25, NULL), 0), 5222);
	assert_int_equal(get32(find(p.options, 2, NULL), 0), 1);
	next_packet(&file);
	next_packet(&file);
	assert_int_equal(file.n, 0);
	traced_end(&f);
}

static void what_is_not_known_has_no_tag(void **state)
{
	struct probe_event ev = traced_event(1, SIDE_SIP, false, SLICE("X"));
	struct traced f;

	(void)state;
	traced_begin(&f);
	ev.transport = TRANSPORT_UDP;
	ev.local = (struct addr){ .family = 0 };
	ev.unfinished = true;
	ev.left_out = 2;
	trace_push(f.t, &ev);
	traced_write(&f, trace_pcapng);
	struct slice file = buf_slice(&f.b);
	skip_headers(&file);
	struct packet p = next_packet(&file);
	assert_int_equal(get32(find(p.pdu, 24, NULL), 0), 3);
	assert_int_equal(find(p.pdu, 20, NULL).n, 4);
	assert_int_equal(find(p.pdu, 21, NULL).n, 0);
	assert_int_equal(find(p.pdu, 26, NULL).n, 0);
	assert_true(slice_eqs(find(p.options, 1, NULL),
		"sip.register, unfinished, 2 messages before it left out"));
	traced_end(&f);
}

static void memory_may_run_out(void **state)
{
	(void)state;
	traced_without_memory(trace_pcapng);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_packet_has_its_protocol_addresses_and_time),
		cmocka_unit_test(what_is_not_known_has_no_tag),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
