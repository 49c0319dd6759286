/* The reader's life, what it is fed and what is taken from it. */
#include <assert.h>
#include <string.h>

#include "base/mem.h"
#include "xmpp/xml_priv.h"

enum {
	PIECE = 16384, /* fed at once; the limits are looked at in between */
	TAG_BYTES = 16384,
};

const struct xml_limits xml_default_limits = {
	.stanza_bytes = 256 * 1024,
	.depth = 32,
	.attrs = 32,
	.nodes = 4096,
	.name_bytes = 1024 * 1024,
	.tag_bytes = TAG_BYTES,
};

const struct xml_limits xml_relay_limits = {
	.stanza_bytes = 256 << 10,
	.depth = 32,
	.attrs = 32,
	.nodes = 4096,
	.name_bytes = 16 << 20, /* half a MiB of elements with three letters each needs 6 */
	.tag_bytes = 4 << 20,   /* half a MiB of quotes, each escaped by the server: &quot; */
	.cut = true,
};

/* ---- the parser's life ---- */

static void *expat_malloc(size_t n)
{
	return mem_realloc(NULL, n ? n : 1);
}

static void *expat_realloc(void *p, size_t n)
{
	return mem_realloc(p, n ? n : 1);
}

static void expat_free(void *p)
{
	mem_free(p);
}

int xml_reader_new(struct xml_reader **ret, const struct xml_limits *limits, uint64_t hash_salt)
{
	static const XML_Memory_Handling_Suite memory = {
		.malloc_fcn = expat_malloc,
		.realloc_fcn = expat_realloc,
		.free_fcn = expat_free,
	};
	struct xml_reader *r = mem_alloc0(sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->limits = limits ? *limits : xml_default_limits;
	if (r->limits.tag_bytes == 0)
		r->limits.tag_bytes = TAG_BYTES;
	r->salt = (unsigned long)hash_salt ? hash_salt : 1; /* with 0 expat would ask the system */
	xml_names_init(&r->names, r->limits.name_bytes, r->salt);
	r->open = mem_alloc0((r->limits.depth + 1) * sizeof(*r->open));
	if (r->open)
		r->expat = XML_ParserCreate_MM("UTF-8", &memory, NULL);
	if (!r->expat) {
		xml_reader_free(r);
		return -ENOMEM;
	}
	buf_init(&r->header, r->limits.stanza_bytes + PIECE);
	xml_build_set_up(r);
	xml_build_listen(r);
	*ret = r;
	return 0;
}

static void drop_all(struct xml_reader *r)
{
	for (; r->n_events > 0; r->n_events--) {
		xml_arena_release(&r->queue[r->first].arena, &r->pool);
		r->first = (r->first + 1) % COUNT(r->queue);
	}
	xml_arena_release(&r->held, &r->pool);
	xml_arena_release(&r->building, &r->pool);
	xml_arena_release(&r->stream, &r->pool);
}

struct xml_reader *xml_reader_free(struct xml_reader *r)
{
	if (!r)
		return NULL;
	drop_all(r);
	xml_pool_done(&r->pool);
	xml_names_done(&r->names);
	buf_done(&r->header);
	if (r->expat)
		XML_ParserFree(r->expat);
	mem_free(r->open);
	mem_free(r);
	return NULL;
}

uint64_t xml_reader_twice(const struct xml_reader *r)
{
	return r->twice.dropped;
}

void xml_reader_reset(struct xml_reader *r)
{
	drop_all(r);
	xml_names_clear(&r->names);
	r->depth = r->nodes = r->n_stop = r->dropped = 0;
	r->fed = r->seen = r->unit_start = r->skew = 0;
	buf_clear(&r->header);
	memset(&r->twice, 0, sizeof(r->twice));
	r->content_ns = SLICE_NONE;
	r->failed = r->stopped = r->cutting = false;
	(void)XML_ParserReset(r->expat, "UTF-8");
	xml_build_set_up(r);
	xml_build_listen(r);
}

void xml_reader_stop_at(struct xml_reader *r, const char *name)
{
	assert(r->n_stop < XML_STOP_NAMES);
	bool fits = slice_cstr(slice_str(name), r->stop[r->n_stop], sizeof(r->stop[0]));

	assert(fits);
	(void)fits;
	r->n_stop++;
}

/* ---- feeding ---- */

/* Half of the names that expat may keep are spent, and it can be made to forget them. */
static bool wants_renewal(const struct xml_reader *r)
{
	return r->limits.cut && r->names.bytes > r->names.max_bytes / 2 && !buf_err(&r->header);
}

/* Between two stanzas the parser is set back and told of the stream's start again: so nobody can
 * spend what a stream has for its life. */
static void renew(struct xml_reader *r)
{
	const struct slice header = buf_slice(&r->header);

	(void)XML_ParserReset(r->expat, "UTF-8");
	xml_build_set_up(r);
	xml_names_clear(&r->names);
	r->skew = r->fed - header.n;
	if (XML_Parse(r->expat, (const char *)header.p, (int)header.n, 0) != XML_STATUS_OK)
		xml_reader_fail_memory(r); /* it was well-formed once */
	xml_build_listen(r);
}

/* Each '>' ends one event at most, so a piece up to the n-th of them yields n at most: neither is
 * the queue overrun nor does expat ever hold bytes that were not to be taken. */
static size_t piece_length(const struct xml_reader *r, struct slice in)
{
	unsigned room = r->n_stop > 0 || wants_renewal(r) ? 1 : XML_EVENTS_MAX - r->n_events;
	struct slice rest = slice_cut(in, 0, PIECE);
	size_t n = 0;

	for (; room > 0 && n < rest.n; room--) {
		n += slice_chr(slice_skip(rest, n), '>') + 1;
	}
	return n < rest.n ? n : rest.n;
}

static void expat_failed(struct xml_reader *r)
{
	enum XML_Error code = XML_GetErrorCode(r->expat);

	if (code == XML_ERROR_NO_MEMORY)
		xml_reader_fail_memory(r);
	else if (code == XML_ERROR_UNDEFINED_ENTITY)
		xml_reader_fail(r, "restricted-xml", "an entity that is not predefined");
	else
		xml_reader_fail(r, "not-well-formed", XML_ErrorString(code));
}

/* UTF-16 and UTF-32 show in the first two bytes: a mark, or the zero beside "<". */
static bool is_wide(const struct xml_reader *r, struct slice in)
{
	if (r->fed > 1 || in.n == 0)
		return false;
	if (r->fed == 1)
		return in.p[0] == 0 && r->starts_with_tag;
	return in.p[0] == 0 || in.p[0] >= 0xFE || (in.n > 1 && in.p[0] == '<' && in.p[1] == 0);
}

static bool parse(struct xml_reader *r, struct slice in)
{
	return in.n == 0 || XML_Parse(r->expat, (const char *)in.p, (int)in.n, 0) == XML_STATUS_OK;
}

/* Without what stands twice; the start of the stream is kept as it was parsed. */
static bool parse_relayed(struct xml_reader *r, struct slice in)
{
	while (in.n > 0) {
		struct slice keep;
		const size_t n = xml_twice_step(&r->twice, in, &keep);

		if (r->depth == 0)
			buf_put(&r->header, keep);
		if (!parse(r, keep))
			return false;
		r->skew += n - keep.n; /* less than nothing where what was held back comes */
		in = slice_skip(in, n);
	}
	return true;
}

static void feed(struct xml_reader *r, struct slice in)
{
	if (is_wide(r, in)) {
		xml_reader_fail_at(r, "unsupported-encoding", 0, "an encoding other than UTF-8");
		return;
	}
	if (r->fed == 0)
		r->starts_with_tag = in.p[0] == '<';
	r->fed += in.n;
	if (!(r->limits.cut ? parse_relayed(r, in) : parse(r, in))) {
		expat_failed(r);
		return;
	}
	if (r->fed - r->unit_start > r->limits.stanza_bytes && !r->limits.cut)
		xml_reader_fail_at(r, "policy-violation", r->unit_start, "a stanza is too long");
	else if (r->fed - r->seen > r->limits.tag_bytes)
		xml_reader_fail_at(r, "policy-violation", r->seen, "a tag is too long");
}

size_t xml_reader_push(struct xml_reader *r, struct slice in)
{
	size_t taken = 0;

	xml_arena_release(&r->held, &r->pool);
	r->stopped = false;
	while (taken < in.n && !r->failed && !r->stopped && r->n_events < XML_EVENTS_MAX) {
		struct slice rest = slice_skip(in, taken);

		if (wants_renewal(r) && r->depth == 1 && r->seen == r->fed)
			renew(r);
		size_t n = piece_length(r, rest);
		feed(r, slice_cut(rest, 0, n));
		taken += n;
	}
	return r->failed ? in.n : taken;
}

bool xml_reader_take(struct xml_reader *r, struct xml_event *ret)
{
	xml_arena_release(&r->held, &r->pool);
	if (r->n_events == 0)
		return false;
	struct xml_queued *q = &r->queue[r->first];
	r->held = q->arena;
	q->arena = (struct xml_arena){ 0 };
	*ret = q->ev;
	r->first = (r->first + 1) % COUNT(r->queue);
	r->n_events--;
	return true;
}
