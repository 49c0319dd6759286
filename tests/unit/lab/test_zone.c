#include "lab_rig.h"

#include "dns_text.h"

enum { A = 1, SRV = 33, NAPTR = 35 };

static void put_question(struct buf *b, const char *name, unsigned type)
{
	struct slice rest = slice_str(name);

	buf_put(b, SLICE("\0\1\1\0\0\1\0\0\0\0\0\0"));
	while (rest.n) {
		struct slice label = slice_split(&rest, '.');

		buf_putc(b, (uint8_t)label.n);
		buf_put(b, label);
	}
	buf_putc(b, 0);
	buf_putc(b, 0);
	buf_putc(b, (uint8_t)type);
	buf_put(b, SLICE("\0\1"));
}

/* What the lab answers to a datagram at its DNS port, behind the question; "" is silence. */
static const char *ask(struct rig *r, const char *name, unsigned type)
{
	static char text[DNS_TEXT_MAX];
	struct output o;
	struct buf b;

	buf_init(&b, 512);
	put_question(&b, name, type);
	const struct fact in = { .type = FACT_DATAGRAM,
		.listener = LAB_LISTEN_DNS,
		.peer = &rig_user,
		.local = &rig_user,
		.bytes = buf_slice(&b) };
	r->e.ops->push(r->e.self, &in, r->now);
	buf_done(&b);
	if (!r->e.ops->take_output(r->e.self, &o))
		return "";
	assert_int_equal(o.listener, LAB_LISTEN_DNS);
	assert_true(addr_eq(&o.peer, &rig_user));
	const char *all = dns_text(o.bytes);
	if (!all)
		return "malformed";
	snprintf(text, sizeof(text), "%.2s %s", strstr(all, "flags ") + 8,
		strstr(strstr(all, "?"), ";") ? strstr(strstr(all, "?"), ";") + 2 : "");
	return text;
}

struct row {
	const char *fault, *name;
	unsigned type;
	const char *want; /* the rcode's byte, and the answer's beginning */
};

/* Ports are those at which the listeners are. */
static const struct row rows[] = {
	{ NULL, "pool.litware.test", A, "00 answer pool.litware.test 1 1 60 7f000001" },
	{ NULL, "pool.litware.test", NAPTR,
		"00 answer pool.litware.test 35 1 60 10 10 's' 'SIPS+D2T' '' "
		"_sips._tcp.pool.litware.test; " },
	{ NULL, "_sips._tcp.pool.litware.test", SRV,
		"00 answer _sips._tcp.pool.litware.test 33 1 60 10 0 6003 pool.litware.test" },
	{ NULL, "_sip._tcp.pool.litware.test", SRV,
		"00 answer _sip._tcp.pool.litware.test 33 1 60 10 0 6002 pool.litware.test" },
	{ NULL, "_sip._udp.pool.litware.test", SRV,
		"00 answer _sip._udp.pool.litware.test 33 1 60 10 0 6001 pool.litware.test" },
	{ NULL, "_xmpp-client._tcp.contoso.test", SRV,
		"00 answer _xmpp-client._tcp.contoso.test 33 1 60 10 0 6004 xmpp.contoso.test" },
	{ NULL, "xmpp.contoso.test", A, "00 answer xmpp.contoso.test 1 1 60 7f000001" },
	{ NULL, "ns.litware.test", A, "00 answer" }, /* the SOA names it */
	{ NULL, "ns.contoso.test", A, "00 answer" },
	{ NULL, "example.com", A, "05 " },

	{ "dns-nxdomain", "pool.litware.test", A, "03 authority" },
	{ "dns-nxdomain", "_sips._tcp.pool.litware.test", SRV, "03 authority" },
	{ "dns-nxdomain", "xmpp.contoso.test", A, "00 answer" },
	{ "dns-no-records", "pool.litware.test", A, "00 authority" },
	{ "dns-no-records", "pool.litware.test", NAPTR, "00 authority" },
	{ "dns-no-records", "_sips._tcp.pool.litware.test", SRV, "03 authority" },
	{ "dns-no-srv", "pool.litware.test", A, "00 answer pool.litware.test 1 1 60 7f000003" },
	{ "dns-no-srv", "pool.litware.test", NAPTR, "00 authority" },
	{ "dns-no-srv", "_sip._udp.pool.litware.test", SRV, "03 authority" },
	{ "dns-dead-host-first", "_sips._tcp.pool.litware.test", SRV,
		"00 answer _sips._tcp.pool.litware.test 33 1 60 1 0 6003 dead.pool.litware.test; "
		"answer _sips._tcp.pool.litware.test 33 1 60 10 0 6003 pool.litware.test" },
	{ "dns-dead-host-first", "dead.pool.litware.test", A,
		"00 answer dead.pool.litware.test 1 1 60 7f000002" },
	{ "dns-service-refused", "_xmpp-client._tcp.contoso.test", SRV,
		"00 answer _xmpp-client._tcp.contoso.test 33 1 60 0 0 0 ." },
	{ "dns-service-refused", "pool.litware.test", A, "00 answer" },
	{ "dns-silence", "pool.litware.test", A, "" },
	{ "dns-refused", "pool.litware.test", A, "05 " },
	{ "dns-server-failure", "pool.litware.test", A, "02 " },
	{ "dns-malformed", "pool.litware.test", A, "malformed" },
};

static void the_zone_is_as_the_fault_says(void **state)
{
	static struct rig r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_begin(&r, rows[i].fault);
		const char *got = ask(&r, rows[i].name, rows[i].type);
		bool ok = strncmp(got, rows[i].want, strlen(rows[i].want)) == 0 &&
			  (rows[i].want[0] || !got[0]);

		if (!ok)
			print_error("%s: %s: want %s, got %s\n",
				rows[i].fault ? rows[i].fault : "-", rows[i].name, rows[i].want,
				got);
		assert_true(ok);
		rig_end(&r);
	}
}

static void what_does_not_listen_has_no_service(void **state)
{
	static struct rig r;

	(void)state;
	rig_prepare(&r, NULL);
	r.cfg.sip_tls.family = 0;
	rig_start(&r);
	assert_int_equal(
		strncmp(ask(&r, "_sips._tcp.pool.litware.test", SRV), "03 authority", 12), 0);
	assert_int_equal(strncmp(ask(&r, "_sip._tcp.pool.litware.test", SRV), "00 answer", 9), 0);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_zone_is_as_the_fault_says),
		cmocka_unit_test(what_does_not_listen_has_no_service),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
