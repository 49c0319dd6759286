#include "conf/tree.h"

#include <assert.h>
#include <yaml.h>

#include "base/mem.h"
#include "base/str.h"

/* One mapping or list that is open. */
struct level {
	uint32_t node;
	bool key_next; /* mappings: the next child is a key */
};

struct reader {
	yaml_parser_t yaml;
	struct tree *tree;
	struct problems *problems;
	struct slice input;
	struct level levels[TREE_DEPTH_MAX];
	size_t depth;
	unsigned n_documents;
	struct conf_place noted; /* the last thing that is not allowed */
	/* libyaml's marks count characters; this is where the last one looked up is in bytes. */
	size_t mark_chars, mark_bytes;
	bool done;
	int err;
};

const struct node *tree_node(const struct tree *t, uint32_t index)
{
	return index == NODE_NONE ? NULL : &t->nodes[index];
}

const char *tree_cstr(const struct tree *t, const struct node *node)
{
	return (const char *)buf_slice(&t->texts).p + node->text;
}

struct slice tree_text(const struct tree *t, const struct node *node)
{
	return slice_of(tree_cstr(t, node), node->n_text);
}

static struct conf_place place_of_mark(const yaml_mark_t *mark)
{
	return (struct conf_place){ (unsigned)mark->line + 1, (unsigned)mark->column + 1 };
}

static struct conf_place place_of_offset(struct slice text, size_t offset)
{
	struct slice before = slice_cut(text, 0, offset);
	struct conf_place at = { 1, 1 };

	for (size_t nl = slice_chr(before, '\n'); nl < before.n; nl = slice_chr(before, '\n')) {
		before = slice_skip(before, nl + 1);
		at.line++;
	}
	at.column += (unsigned)utf8_count(before);
	return at;
}

static void fail(struct reader *r, int err)
{
	r->err = err;
	r->done = true;
}

static void refuse(struct reader *r, struct conf_place at, const char *what)
{
	problems_add(r->problems, at, TEXT_PLAIN(what));
	fail(r, ERR_CONFIG);
}

/* Marks only grow, so the walk over all of them is linear. */
static uint8_t byte_at(struct reader *r, const yaml_mark_t *mark)
{
	while (r->mark_chars < mark->index && r->mark_bytes < r->input.n) {
		r->mark_bytes++;
		while (r->mark_bytes < r->input.n && (r->input.p[r->mark_bytes] & 0xc0) == 0x80)
			r->mark_bytes++;
		r->mark_chars++;
	}
	return r->mark_bytes < r->input.n ? r->input.p[r->mark_bytes] : 0;
}

static struct node *new_node(struct reader *r, enum node_kind kind, const yaml_event_t *ev)
{
	struct tree *t = r->tree;
	struct conf_place at = place_of_mark(&ev->start_mark);

	if (t->n == TREE_NODES_MAX) {
		refuse(r, at, N_("the file has too many values"));
		return NULL;
	}
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct node *bigger = mem_realloc(t->nodes, cap * sizeof(*bigger));

		if (!bigger) {
			fail(r, -ENOMEM);
			return NULL;
		}
		t->nodes = bigger;
		t->cap = cap;
	}
	struct node *node = &t->nodes[t->n++];
	*node = (struct node){
		.kind = kind, .at = at, .first = NODE_NONE, .last = NODE_NONE, .next = NODE_NONE
	};
	return node;
}

static bool key_is_twice(struct reader *r, const struct node *mapping, const struct node *key)
{
	const struct tree *t = r->tree;
	const struct node *old = tree_node(t, mapping->first);

	while (old && old != key) {
		const struct node *value = tree_node(t, old->next);

		if (old->kind == NODE_SCALAR && slice_eq(tree_text(t, old), tree_text(t, key)))
			return true;
		old = value ? tree_node(t, value->next) : NULL;
	}
	return false;
}

static void check_key(struct reader *r, const struct node *mapping, struct node *key)
{
	char text[SHOWN_MAX];

	if (key->kind != NODE_SCALAR) {
		if (key->kind != NODE_BROKEN)
			refuse(r, key->at, N_("a key must be a word"));
		return;
	}
	if (mapping->n_children / 2 >= TREE_KEYS_MAX) {
		refuse(r, key->at, N_("too many keys"));
		return;
	}
	if (!key_is_twice(r, mapping, key))
		return;
	problems_add(r->problems, key->at,
		TEXT(N_("the key `{1}` is here twice"),
			text_str(shown(tree_text(r->tree, key), text))));
	key->kind = NODE_BROKEN;
}

/* Hangs the newest node into the list or mapping that is open. */
static void link_node(struct reader *r)
{
	struct tree *t = r->tree;
	uint32_t index = (uint32_t)(t->n - 1);

	if (r->depth == 0 || r->done)
		return;
	struct level *top = &r->levels[r->depth - 1];
	struct node *parent = &t->nodes[top->node];

	if (parent->last == NODE_NONE)
		parent->first = index;
	else
		t->nodes[parent->last].next = index;
	parent->last = index;
	if (parent->kind == NODE_MAPPING) {
		if (top->key_next)
			check_key(r, parent, &t->nodes[index]);
		top->key_next = !top->key_next;
	}
	parent->n_children++;
}

/* A mapping begins where its first key does: what stands there is told once. */
static void note(struct reader *r, const yaml_event_t *ev, const char *what)
{
	struct conf_place at = place_of_mark(&ev->start_mark);

	if (at.line == r->noted.line && at.column == r->noted.column)
		return;
	r->noted = at;
	problems_add(r->problems, at, TEXT_PLAIN(what));
}

/* libyaml forgets the tag `!` of a scalar, so the text itself is asked too. */
static bool has_properties(
	struct reader *r, const yaml_event_t *ev, const yaml_char_t *anchor, const yaml_char_t *tag)
{
	uint8_t first = byte_at(r, &ev->start_mark);

	if (anchor || first == '&')
		note(r, ev, N_("anchors and aliases are not allowed"));
	else if (tag || first == '!')
		note(r, ev, N_("tags are not allowed"));
	else
		return false;
	return true;
}

static void on_scalar(struct reader *r, const yaml_event_t *ev)
{
	struct buf *texts = &r->tree->texts;
	struct slice text = slice_of(ev->data.scalar.value, ev->data.scalar.length);
	struct node *node = new_node(r, NODE_SCALAR, ev);

	if (!node)
		return;
	node->plain = ev->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
	node->text = (uint32_t)buf_len(texts);
	node->n_text = (uint32_t)text.n;
	buf_put(texts, text);
	buf_putc(texts, 0);
	if (buf_err(texts)) {
		fail(r, buf_err(texts));
		return;
	}
	if (has_properties(r, ev, ev->data.scalar.anchor, ev->data.scalar.tag)) {
		node->kind = NODE_BROKEN;
	} else if (slice_chr(text, 0) < text.n) {
		note(r, ev, N_("a NUL is not allowed"));
		node->kind = NODE_BROKEN;
	}
	link_node(r);
}

static void open_level(struct reader *r, enum node_kind kind, const yaml_event_t *ev)
{
	if (!new_node(r, kind, ev))
		return;
	uint32_t index = (uint32_t)(r->tree->n - 1);

	link_node(r);
	if (r->depth == TREE_DEPTH_MAX) {
		refuse(r, place_of_mark(&ev->start_mark), N_("nested too deep"));
		return;
	}
	r->levels[r->depth++] = (struct level){ .node = index, .key_next = true };
}

/* The properties of a list or mapping are noted and otherwise ignored: what is inside it can have
 * errors of its own. */
static void on_list(struct reader *r, const yaml_event_t *ev)
{
	has_properties(r, ev, ev->data.sequence_start.anchor, ev->data.sequence_start.tag);
	open_level(r, NODE_LIST, ev);
}

static void on_mapping(struct reader *r, const yaml_event_t *ev)
{
	has_properties(r, ev, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
	open_level(r, NODE_MAPPING, ev);
}

static void on_alias(struct reader *r, const yaml_event_t *ev)
{
	note(r, ev, N_("anchors and aliases are not allowed"));
	if (new_node(r, NODE_BROKEN, ev))
		link_node(r);
}

static void on_document(struct reader *r, const yaml_event_t *ev)
{
	if (++r->n_documents > 1)
		refuse(r, place_of_mark(&ev->start_mark), N_("a second document is not allowed"));
	else if (ev->data.document_start.version_directive ||
		 ev->data.document_start.tag_directives.start !=
			 ev->data.document_start.tag_directives.end)
		refuse(r, place_of_mark(&ev->start_mark), N_("directives are not allowed"));
}

static void on_stream_end(struct reader *r)
{
	const struct conf_place top = { 1, 1 };

	if (r->n_documents == 0)
		refuse(r, top, N_("the file is empty"));
	r->done = true;
}

static void on_event(struct reader *r, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_DOCUMENT_END_EVENT: break;
	case YAML_STREAM_END_EVENT: on_stream_end(r); break;
	case YAML_DOCUMENT_START_EVENT: on_document(r, ev); break;
	case YAML_ALIAS_EVENT: on_alias(r, ev); break;
	case YAML_SCALAR_EVENT: on_scalar(r, ev); break;
	case YAML_SEQUENCE_START_EVENT: on_list(r, ev); break;
	case YAML_MAPPING_START_EVENT: on_mapping(r, ev); break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		assert(r->depth > 0); /* libyaml balances its events */
		r->depth--;
		break;
	}
}

static void on_parser_error(struct reader *r)
{
	const yaml_parser_t *y = &r->yaml;
	const char *problem = y->problem ? y->problem : "unreadable";

	if (y->error == YAML_MEMORY_ERROR) {
		fail(r, -ENOMEM);
		return;
	}
	struct conf_place at = y->error == YAML_READER_ERROR
				       ? place_of_offset(r->input, y->problem_offset)
				       : place_of_mark(&y->problem_mark);
	if (y->context)
		problems_add(r->problems, at,
			TEXT(N_("not YAML: {1} ({2})"), text_id(problem), text_id(y->context)));
	else
		problems_add(r->problems, at, TEXT(N_("not YAML: {1}"), text_id(problem)));
	fail(r, ERR_CONFIG);
}

/* What libyaml would report without a line, or not at all. */
static bool input_ok(struct reader *r)
{
	const struct conf_place top = { 1, 1 };
	size_t nul = slice_chr(r->input, 0);
	size_t bad;

	if (r->input.n > CONF_TEXT_MAX)
		refuse(r, top, N_("the file is larger than 1 MiB"));
	else if (nul < r->input.n)
		refuse(r, place_of_offset(r->input, nul), N_("a NUL is not allowed"));
	else if (!utf8_valid(r->input, &bad))
		refuse(r, place_of_offset(r->input, bad), N_("not UTF-8"));
	return !r->done;
}

int tree_read(struct tree *t, struct slice text, struct problems *problems)
{
	/* libyaml would take the byte order mark for content once it has been told the encoding. */
	const struct slice bom = SLICE("\xef\xbb\xbf");
	const struct slice input = slice_skip(text, slice_starts(text, bom) ? bom.n : 0);
	struct reader r = { .tree = t, .problems = problems, .input = input };

	*t = (struct tree){ .nodes = NULL };
	/* Every scalar gets a NUL; escapes make a text at most twice as long ("\N"). */
	buf_init(&t->texts, 4 * (size_t)CONF_TEXT_MAX);
	if (!input_ok(&r))
		return r.err;
	if (!yaml_parser_initialize(&r.yaml))
		return -ENOMEM;
	yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.yaml, input.p, input.n);
	while (!r.done && !problems_full(problems)) {
		yaml_event_t ev;

		if (!yaml_parser_parse(&r.yaml, &ev)) {
			on_parser_error(&r);
			break;
		}
		on_event(&r, &ev);
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&r.yaml);
	if (r.err == 0 && problems_full(problems))
		return ERR_CONFIG;
	return r.err;
}

void tree_done(struct tree *t)
{
	t->nodes = mem_free(t->nodes);
	buf_done(&t->texts);
}
