/* The name server: whatever is asked, the answer is one that a strict reader takes, is never longer
 * than the asker's room, and is about what was asked. */
#include <assert.h>

#include "lab/nameserver.h"

#include "../../unit/lab/dns_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add(struct nameserver *s, const char *name, const struct dns_record *r)
{
	int err = nameserver_add(s, name, r);

	assert(err == 0);
}

static void fill(struct nameserver *s)
{
	const struct dns_record a = { .type = DNS_A,
		.addr = { .family = 4, .ip = { 127, 0, 0, 1 } } };
	const struct dns_record aaaa = { .type = DNS_AAAA, .addr = { .family = 6, .ip = { 1 } } };
	const struct dns_record srv = { .type = DNS_SRV,
		.srv = { .port = 5061, .target = "pool.litware.test" } };
	const struct dns_record naptr = { .type = DNS_NAPTR,
		.naptr = {
			.flags = "s", .service = "SIP+D2U", .replacement = "_sip._udp.a.test" } };
	int err = nameserver_add_zone(s, "litware.test");

	assert(err == 0);
	add(s, "pool.litware.test", &a);
	add(s, "pool.litware.test", &aaaa);
	add(s, "pool.litware.test", &naptr);
	for (int i = 0; i < 16; i++)
		add(s, "_sips._tcp.pool.litware.test", &srv);
}

static void check(const struct nameserver *s, struct slice query)
{
	struct buf out;

	buf_init(&out, 65535);
	if (nameserver_answer(s, query, &out)) {
		struct slice answer = buf_slice(&out);

		assert(query.n >= 12 && !(query.p[2] & 0x80));
		assert(answer.n <= NAMESERVER_ANSWER_MAX && answer.p[2] & 0x80);
		assert(answer.p[0] == query.p[0] && answer.p[1] == query.p[1]);
		if (answer.p[5]) /* its question: as it came */
			assert(slice_starts(slice_skip(query, 12),
				slice_cut(answer, 12,
					12 + slice_chr(slice_skip(answer, 12), 0) + 5)));
		if (!answer.p[11])
			assert(answer.n <= 512);
		if (s->fault != NAMESERVER_GARBLES)
			assert(dns_text(answer));
	} else {
		assert(buf_len(&out) == 0);
	}
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct nameserver s;

	if (!s.n_zones)
		fill(&s);
	for (int fault = NAMESERVER_RIGHT; fault <= NAMESERVER_GARBLES; fault++) {
		s.fault = (enum nameserver_fault)fault;
		check(&s, slice_of(data, size));
	}
	return 0;
}
