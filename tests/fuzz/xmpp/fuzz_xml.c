#include <stdlib.h>

#include "xmpp/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEAD "<s xmlns='jabber:client'>"

static struct xml_reader *reader(const struct xml_limits *limits)
{
	struct xml_reader *r = NULL;

	if (xml_reader_new(&r, limits, 1))
		abort();
	return r;
}

static void log_event(struct buf *log, const struct xml_event *ev)
{
	if (ev->type == XML_EV_ERROR)
		buf_puts(log, "error"); /* of two that are near, either may be seen first */
	else if (ev->type == XML_EV_CLOSE)
		buf_puts(log, "close");
	else
		xml_put_node(log, ev->node, "jabber:client");
	buf_putc(log, '\n');
}

static void run(const struct xml_limits *limits, struct slice in, size_t piece, struct buf *log)
{
	struct xml_reader *r = reader(limits);
	struct xml_event ev;

	while (in.n > 0) {
		size_t n = xml_reader_push(r, slice_cut(in, 0, piece));

		if (n == 0 || n > piece)
			abort();
		in = slice_skip(in, n);
		while (xml_reader_take(r, &ev))
			log_event(log, &ev);
	}
	xml_reader_free(r);
}

/* A stanza that was written is read as the same stanza. */
static void write_and_read(struct slice in)
{
	struct xml_reader *a = reader(NULL), *b = reader(NULL);
	struct xml_event ev;
	struct buf first, second;

	buf_init(&first, 1 << 24);
	buf_init(&second, 1 << 24);
	xml_reader_push(b, SLICE(HEAD));
	if (!xml_reader_take(b, &ev))
		abort();
	xml_reader_push(a, in);
	while (xml_reader_take(a, &ev)) {
		if (ev.type != XML_EV_STANZA)
			continue;
		buf_clear(&first);
		xml_put_node(&first, ev.node, "jabber:client");
		if (buf_len(&first) > 100000) /* namespaces may grow it over the limit */
			break;
		xml_reader_push(b, buf_slice(&first));
		if (!xml_reader_take(b, &ev) || ev.type != XML_EV_STANZA)
			abort();
		buf_clear(&second);
		xml_put_node(&second, ev.node, "jabber:client");
		if (!slice_eq(buf_slice(&first), buf_slice(&second)))
			abort();
	}
	buf_done(&first);
	buf_done(&second);
	xml_reader_free(a);
	xml_reader_free(b);
}

/* The first byte is the size of the pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct xml_limits tight = {
		.stanza_bytes = 60,
		.depth = 3,
		.attrs = 2,
		.nodes = 4,
		.name_bytes = 500,
		.tag_bytes = 30,
	};
	struct xml_limits cutting = tight;
	struct buf whole, pieces;

	cutting.cut = true;
	if (size < 2)
		return 0;
	struct slice in = slice_of(data + 1, size - 1);
	size_t piece = data[0] % 16 + 1u;

	buf_init(&whole, 1 << 24);
	buf_init(&pieces, 1 << 24);
	run(NULL, in, SIZE_MAX, &whole);
	run(NULL, in, piece, &pieces);
	/* Text that no tag ends may be judged later in pieces; nothing else may differ. */
	if (!slice_starts(buf_slice(&whole), buf_slice(&pieces)) &&
		!slice_starts(buf_slice(&pieces), buf_slice(&whole)))
		abort();
	buf_clear(&pieces);
	run(&tight, in, piece, &pieces);
	run(&cutting, in, piece, &pieces);
	run(&cutting, in, SIZE_MAX, &pieces);
	write_and_read(in);
	buf_done(&whole);
	buf_done(&pieces);
	return 0;
}
