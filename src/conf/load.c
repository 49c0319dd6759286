#include "conf/load.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

struct loader {
	const struct tree *tree;
	struct problems *problems;
};

static const char *const kind_names[] = {
	[NODE_SCALAR] = N_("a value"),
	[NODE_LIST] = N_("a list"),
	[NODE_MAPPING] = N_("keys of its own"),
	[NODE_BROKEN] = "",
};

static const enum node_kind kind_of_type[] = {
	[ITEM_TEXT] = NODE_SCALAR,
	[ITEM_TEXTS] = NODE_LIST,
	[ITEM_NUMBER] = NODE_SCALAR,
	[ITEM_FLAG] = NODE_SCALAR,
	[ITEM_CHOICE] = NODE_SCALAR,
	[ITEM_SECTION] = NODE_MAPPING,
	[ITEM_SECTIONS] = NODE_LIST,
};

static void *field(void *base, size_t offset)
{
	return (char *)base + offset;
}

/* YAML's ways to write nothing.  Quoted, each is a text like any other. */
static bool is_null(const struct loader *l, const struct node *node)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL" };

	if (node->kind != NODE_SCALAR || !node->plain)
		return false;
	for (size_t i = 0; i < COUNT(nulls); i++)
		if (slice_eqs(tree_text(l->tree, node), nulls[i]))
			return true;
	return false;
}

/* Says true when `node` is of that kind; else says why not, once. */
static bool want_kind(
	struct loader *l, const char *name, const struct node *node, enum node_kind kind)
{
	if (node->kind == kind && !is_null(l, node))
		return true;
	if (node->kind == NODE_BROKEN)
		return false;
	if (is_null(l, node))
		problems_add(l->problems, node->at,
			TEXT(N_("`{1}` has no value: give it one or leave it out"),
				text_str(name)));
	else
		problems_add(l->problems, node->at,
			TEXT(N_("`{1}` must be {2}, not {3}"), text_str(name),
				text_id(kind_names[kind]), text_id(kind_names[node->kind])));
	return false;
}

/* The value is not repeated: somebody may have put a password where its file should be. */
static int load_text(
	struct loader *l, const struct item *item, const struct node *node, struct conf_text *ret)
{
	struct slice s = tree_text(l->tree, node);

	if (!item->syntax->ok(s)) {
		problems_add(l->problems, node->at,
			TEXT(N_("`{1}` must be {2}"), text_str(item->name),
				text_id(item->syntax->what)));
		return 0;
	}
	char *copy = mem_strndup(s.p, s.n);

	if (!copy)
		return -ENOMEM;
	*ret = (struct conf_text){ .s = copy, .at = node->at };
	return 0;
}

static bool length_ok(struct loader *l, const struct item *item, const struct node *node)
{
	if (node->n_children < item->min)
		problems_add(l->problems, node->at,
			TEXT(N_("`{1}` must not be empty"), text_str(item->name)));
	else if (node->n_children > item->max)
		problems_add(l->problems, node->at,
			TEXT(N_("`{1}` has {2} entries; at most {3} are allowed"),
				text_str(item->name), text_u64(node->n_children),
				text_u64(item->max)));
	else
		return true;
	return false;
}

static int load_texts(
	struct loader *l, const struct item *item, const struct node *node, struct conf_texts *ret)
{
	if (!length_ok(l, item, node))
		return 0;
	ret->at = node->at;
	if (node->n_children == 0)
		return 0;
	ret->v = mem_alloc0(node->n_children * sizeof(*ret->v));
	if (!ret->v)
		return -ENOMEM;
	for (const struct node *n = tree_node(l->tree, node->first); n;
		n = tree_node(l->tree, n->next)) {
		struct conf_text *text = &ret->v[ret->n];

		if (!want_kind(l, item->name, n, NODE_SCALAR))
			continue;
		int err = load_text(l, item, n, text);
		if (err)
			return err;
		if (text->s)
			ret->n++;
	}
	return 0;
}

/* A quoted 5 or "true" is a text to every other reader of YAML, so also here. */
static bool want_unquoted(struct loader *l, const struct item *item, const struct node *node)
{
	if (!node->plain)
		problems_add(l->problems, node->at,
			TEXT(N_("`{1}` must be without quotes"), text_str(item->name)));
	return node->plain;
}

static void load_number(
	struct loader *l, const struct item *item, const struct node *node, struct conf_number *ret)
{
	struct slice s = tree_text(l->tree, node);
	char text[SHOWN_MAX];
	uint64_t n;

	if (!want_unquoted(l, item, node))
		return;
	if (!slice_u64(s, item->max, &n) || n < item->min) {
		problems_add(l->problems, node->at,
			TEXT(N_("`{1}` must be a number from {2} to {3} in decimal digits, not "
				"`{4}`"),
				text_str(item->name), text_u64(item->min), text_u64(item->max),
				text_str(shown(s, text))));
		return;
	}
	*ret = (struct conf_number){ .n = n, .at = node->at };
}

static void load_flag(
	struct loader *l, const struct item *item, const struct node *node, struct conf_flag *ret)
{
	struct slice s = tree_text(l->tree, node);
	bool on = slice_eqs(s, "true");
	char text[SHOWN_MAX];

	if (!want_unquoted(l, item, node))
		return;
	if (!on && !slice_eqs(s, "false"))
		problems_add(l->problems, node->at,
			TEXT(N_("`{1}` must be true or false, not `{2}`"), text_str(item->name),
				text_str(shown(s, text))));
	else
		*ret = (struct conf_flag){ .on = on, .at = node->at };
}

static void refuse_choice(struct loader *l, const struct item *item, const struct node *node)
{
	char text[SHOWN_MAX];
	char allowed[128] = "";

	for (size_t i = 0; i < item->n_choices; i++) {
		size_t n = strlen(allowed);

		snprintf(allowed + n, sizeof(allowed) - n, "%s%s", i ? ", " : "", item->choices[i]);
	}
	problems_add(l->problems, node->at,
		TEXT(N_("`{1}` must be one of {2}, not `{3}`"), text_str(item->name),
			text_str(allowed), text_str(shown(tree_text(l->tree, node), text))));
}

static void load_choice(
	struct loader *l, const struct item *item, const struct node *node, struct conf_choice *ret)
{
	for (size_t i = 0; i < item->n_choices; i++) {
		if (!slice_eqs(tree_text(l->tree, node), item->choices[i]))
			continue;
		*ret = (struct conf_choice){ .value = (unsigned)i, .at = node->at };
		return;
	}
	refuse_choice(l, item, node);
}

/* All struct pointers look the same in C on every system that we build for; memcpy keeps the
 * compiler's aliasing rules. */
static int load_sections(
	struct loader *l, const struct item *item, const struct node *node, void *base)
{
	const size_t size = item->section->size;
	size_t n = 0;

	if (!length_ok(l, item, node) || node->n_children == 0)
		return 0;
	char *array = mem_alloc0(node->n_children * size);

	if (!array)
		return -ENOMEM;
	memcpy(field(base, item->offset), &array, sizeof(array));
	for (const struct node *e = tree_node(l->tree, node->first); e;
		e = tree_node(l->tree, e->next)) {
		if (!want_kind(l, item->name, e, NODE_MAPPING))
			continue;
		char *element = array + n * size;

		memcpy(element, &e->at, sizeof(e->at));
		n++;
		memcpy(field(base, item->offset_n), &n, sizeof(n));
		int err = load_section(item->section, element, l->tree, e, l->problems);
		if (err)
			return err;
	}
	return 0;
}

static int load_item(struct loader *l, const struct item *item, const struct node *node, void *base)
{
	void *at = field(base, item->offset);

	if (!want_kind(l, item->name, node, kind_of_type[item->type]))
		return 0;
	switch (item->type) {
	case ITEM_TEXT: return load_text(l, item, node, at);
	case ITEM_TEXTS: return load_texts(l, item, node, at);
	case ITEM_NUMBER: load_number(l, item, node, at); return 0;
	case ITEM_FLAG: load_flag(l, item, node, at); return 0;
	case ITEM_CHOICE: load_choice(l, item, node, at); return 0;
	case ITEM_SECTION:
		memcpy(at, &node->at, sizeof(node->at));
		return load_section(item->section, at, l->tree, node, l->problems);
	case ITEM_SECTIONS: return load_sections(l, item, node, base);
	}
	return 0;
}

static void preset(const struct section *section, void *base)
{
	for (size_t i = 0; i < section->n_items; i++) {
		const struct item *item = &section->items[i];
		void *at = field(base, item->offset);

		switch (item->type) {
		case ITEM_NUMBER:
			*(struct conf_number *)at = (struct conf_number){ .n = item->preset };
			break;
		case ITEM_FLAG:
			*(struct conf_flag *)at = (struct conf_flag){ .on = item->preset };
			break;
		case ITEM_CHOICE:
			*(struct conf_choice *)at =
				(struct conf_choice){ .value = (unsigned)item->preset };
			break;
		case ITEM_TEXT:
		case ITEM_TEXTS:
		case ITEM_SECTION:
		case ITEM_SECTIONS: break;
		}
	}
}

/* `password` is far from `password_file` by letters, and yet what was meant. */
static const char *nearest(const char *got, const char *const *names, size_t n)
{
	enum { PREFIX_MIN = 4 };
	const struct slice s = slice_str(got);
	const char *near = str_nearest(got, names, n);

	for (size_t i = 0; !near && s.n >= PREFIX_MIN && i < n; i++)
		if (slice_starts(slice_str(names[i]), s))
			near = names[i];
	return near;
}

static void refuse_key(struct loader *l, const struct section *section, const struct node *key)
{
	const char *names[SECTION_ITEMS_MAX];
	struct slice s = tree_text(l->tree, key);
	char text[SHOWN_MAX];

	for (size_t i = 0; i < section->n_items; i++)
		names[i] = section->items[i].name;
	const char *near = nearest(tree_cstr(l->tree, key), names, section->n_items);

	if (near) {
		problems_add(l->problems, key->at,
			TEXT(N_("unknown key `{1}`; did you mean `{2}`?"), text_str(shown(s, text)),
				text_str(near)));
		return;
	}
	struct buf known;

	buf_init(&known, 512);
	for (size_t i = 0; i < section->n_items; i++)
		buf_printf(&known, "%s`%s`", i == 0 ? "" : ", ", names[i]);
	problems_add(l->problems, key->at,
		TEXT(N_("unknown key `{1}`; known here: {2}"), text_str(shown(s, text)),
			text_slice(buf_slice(&known))));
	buf_done(&known);
}

static size_t find_item(const struct section *section, struct slice name)
{
	size_t i = 0;

	while (i < section->n_items && !slice_eqs(name, section->items[i].name))
		i++;
	return i;
}

static void check_required(struct loader *l, const struct section *section, const struct node *node,
	const bool seen[SECTION_ITEMS_MAX])
{
	for (size_t i = 0; i < section->n_items; i++)
		if (section->items[i].required && !seen[i])
			problems_add(l->problems, node->at,
				TEXT(N_("`{1}` is missing here"),
					text_str(section->items[i].name)));
}

/* What is left out as a whole has its presets all the same. */
static void preset_left_out(
	const struct section *section, void *base, const bool seen[SECTION_ITEMS_MAX])
{
	for (size_t i = 0; i < section->n_items; i++)
		if (section->items[i].type == ITEM_SECTION && !seen[i])
			preset(section->items[i].section, field(base, section->items[i].offset));
}

int load_section(const struct section *section, void *base, const struct tree *tree,
	const struct node *node, struct problems *problems)
{
	struct loader l = { .tree = tree, .problems = problems };
	bool seen[SECTION_ITEMS_MAX] = { false };
	const struct node *value;

	preset(section, base);
	for (const struct node *key = tree_node(tree, node->first); key;
		key = tree_node(tree, value->next)) {
		value = tree_node(tree, key->next);
		if (key->kind == NODE_BROKEN)
			continue;
		size_t i = find_item(section, tree_text(tree, key));

		if (i == section->n_items) {
			refuse_key(&l, section, key);
			continue;
		}
		seen[i] = true;
		int err = load_item(&l, &section->items[i], value, base);
		if (err)
			return err;
	}
	preset_left_out(section, base, seen);
	check_required(&l, section, node, seen);
	return 0;
}

static void free_texts(struct conf_texts *texts)
{
	for (size_t i = 0; i < texts->n; i++)
		mem_free(texts->v[i].s);
	texts->v = mem_free(texts->v);
}

static void free_sections(const struct item *item, void *base)
{
	char *array;
	size_t n;

	memcpy(&array, field(base, item->offset), sizeof(array));
	memcpy(&n, field(base, item->offset_n), sizeof(n));
	for (size_t i = 0; i < n; i++)
		load_free(item->section, array + i * item->section->size);
	mem_free(array);
}

void load_free(const struct section *section, void *base)
{
	for (size_t i = 0; i < section->n_items; i++) {
		const struct item *item = &section->items[i];
		void *at = field(base, item->offset);

		switch (item->type) {
		case ITEM_TEXT: mem_free(((struct conf_text *)at)->s); break;
		case ITEM_TEXTS: free_texts(at); break;
		case ITEM_SECTION: load_free(item->section, at); break;
		case ITEM_SECTIONS: free_sections(item, base); break;
		case ITEM_NUMBER:
		case ITEM_FLAG:
		case ITEM_CHOICE: break;
		}
	}
}
