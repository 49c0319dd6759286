/* pcapng (draft-ietf-opsawg-pcapng) with Wireshark's exported PDUs: what was protected on the way
 * stands in clear, under the addresses that it had.  All numbers are big-endian, which the magic of
 * the section header says. */
#include "base/mem.h"
#include "report/trace_private.h"

enum {
	BLOCK_SECTION = 0x0a0d0d0a,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
	LINKTYPE_WIRESHARK_UPPER_PDU = 252,
	OPT_END = 0,
	OPT_COMMENT = 1,
	OPT_USER_APPLICATION = 4, /* of a section */
	OPT_INTERFACE_NAME = 2,
	OPT_TIME_RESOLUTION = 9,
	OPT_FLAGS = 2, /* of a packet: bits 0 and 1 are the direction */
	FLAG_INBOUND = 1,
	FLAG_OUTBOUND = 2,
	/* epan/exported_pdu.h */
	TAG_END = 0,
	TAG_DISSECTOR = 12,
	TAG_IPV4_SRC = 20,
	TAG_IPV4_DST = 21,
	TAG_IPV6_SRC = 22,
	TAG_IPV6_DST = 23,
	TAG_PORT_TYPE = 24,
	TAG_SRC_PORT = 25,
	TAG_DST_PORT = 26,
	PORT_TCP = 2,
	PORT_UDP = 3,
};

static void put16(struct buf *b, unsigned v)
{
	buf_putc(b, (uint8_t)(v >> 8));
	buf_putc(b, (uint8_t)v);
}

static void put32(struct buf *b, uint32_t v)
{
	put16(b, v >> 16);
	put16(b, v & 0xffff);
}

static void pad(struct buf *b, size_t n)
{
	while (n++ % 4)
		buf_putc(b, 0);
}

/* Options and tags have the same form: a code, a length, a value that is padded to 32 bits.  (A
 * tag's length counts the padding: its values here are multiples of four.) */
static void put_option(struct buf *b, unsigned code, struct slice value)
{
	put16(b, code);
	put16(b, (unsigned)value.n);
	buf_put(b, value);
	pad(b, value.n);
}

static void put_number(struct buf *b, unsigned code, uint32_t v)
{
	put16(b, code);
	put16(b, 4);
	put32(b, v);
}

static void put_block(struct buf *b, uint32_t type, const struct buf *body)
{
	const uint32_t n = (uint32_t)(buf_len(body) + 12);

	put32(b, type);
	put32(b, n);
	buf_put(b, buf_slice(body));
	put32(b, n);
}

static void put_header(struct buf *b)
{
	static const uint8_t microseconds = 6;
	struct buf body;

	buf_init(&body, 256);
	put32(&body, 0x1a2b3c4d);
	put16(&body, 1); /* version 1.0 */
	put16(&body, 0);
	put32(&body, 0xffffffff); /* the section's length is not said */
	put32(&body, 0xffffffff);
	put_option(&body, OPT_USER_APPLICATION, SLICE("stox"));
	put_option(&body, OPT_END, SLICE_NONE);
	put_block(b, BLOCK_SECTION, &body);
	trace_part_clear(&body, b);
	put16(&body, LINKTYPE_WIRESHARK_UPPER_PDU);
	put16(&body, 0);
	put32(&body, 0); /* no limit of a packet's length */
	put_option(&body, OPT_INTERFACE_NAME, SLICE("stox"));
	put_option(&body, OPT_TIME_RESOLUTION, slice_of(&microseconds, 1));
	put_option(&body, OPT_END, SLICE_NONE);
	put_block(b, BLOCK_INTERFACE, &body);
	trace_part_done(&body, b);
}

static void put_address(
	struct buf *b, const struct addr *a, unsigned ipv4, unsigned ipv6, unsigned port)
{
	if (a->family == 0)
		return;
	put_option(b, a->family == 4 ? ipv4 : ipv6, slice_of(a->ip, a->family == 4 ? 4 : 16));
	put_number(b, port, a->port);
}

static void put_pdu(struct buf *b, const struct probe_event *ev)
{
	const struct addr *from = ev->outbound ? &ev->local : &ev->peer,
			  *to = ev->outbound ? &ev->peer : &ev->local;

	put_option(b, TAG_DISSECTOR, ev->side == SIDE_XMPP ? SLICE("xmpp") : SLICE("sip\0"));
	put_number(b, TAG_PORT_TYPE, ev->transport == TRANSPORT_UDP ? PORT_UDP : PORT_TCP);
	put_address(b, from, TAG_IPV4_SRC, TAG_IPV6_SRC, TAG_SRC_PORT);
	put_address(b, to, TAG_IPV4_DST, TAG_IPV6_DST, TAG_DST_PORT);
	put_option(b, TAG_END, SLICE_NONE);
	buf_put(b, ev->text);
}

static void put_comment(struct buf *b, const struct trace_step *s)
{
	struct buf text;

	buf_init(&text, 256);
	buf_puts(&text, phase_name(s->ev.phase));
	if (s->ev.transport == TRANSPORT_TLS)
		buf_puts(&text, ", protected by TLS on the way");
	if (s->ev.unfinished)
		buf_puts(&text, ", unfinished");
	if (s->left_out)
		buf_printf(&text, ", %u messages before it left out", s->left_out);
	put_option(b, OPT_COMMENT, buf_slice(&text));
	trace_part_done(&text, b);
}

static void put_packet(struct buf *b, const struct trace_step *s, uint64_t at)
{
	struct buf pdu, body;

	buf_init(&pdu, s->ev.text.n + 256);
	buf_init(&body, s->ev.text.n + 1024);
	put_pdu(&pdu, &s->ev);
	const uint32_t n = (uint32_t)buf_len(&pdu);
	put32(&body, 0); /* the interface */
	put32(&body, (uint32_t)(at >> 32));
	put32(&body, (uint32_t)at);
	put32(&body, n);
	put32(&body, n);
	buf_put(&body, buf_slice(&pdu));
	pad(&body, n);
	put_comment(&body, s);
	put_number(&body, OPT_FLAGS, s->ev.outbound ? FLAG_OUTBOUND : FLAG_INBOUND);
	put_option(&body, OPT_END, SLICE_NONE);
	put_block(b, BLOCK_PACKET, &body);
	trace_part_done(&pdu, b);
	trace_part_done(&body, b);
}

int trace_pcapng(struct buf *b, const struct trace *t, const struct report_run *run)
{
	put_header(b);
	for (size_t i = 0; i < trace_count(t); i++) {
		const struct trace_step *s = trace_get(t, i);

		if (s->ev.type == PROBE_EV_TRACE)
			put_packet(b, s, (uint64_t)run->started_at_us + s->ev.at);
	}
	return buf_err(b);
}
