/* The list of all keys for stox.yaml(5), from the schema. */
#include <string.h>

#include "base/mem.h"
#include "conf/schema.h"

enum {
	PATH_MAX_BYTES = 128,
	DEPTH_MAX = 8,
};

/* A section that is being written, and how far. */
struct step {
	const struct section *section;
	size_t next;
	size_t path_length;
};

static void put_path(struct buf *b, const struct item *item, struct slice parent)
{
	buf_puts(b, ".It Ic ");
	buf_put(b, parent);
	buf_puts(b, item->name);
	if (item->type == ITEM_SECTIONS || item->type == ITEM_TEXTS)
		buf_puts(b, "[]");
}

static const char *look(text_look_up *look_up, const char *id)
{
	return look_up ? look_up(id) : id;
}

static void put_type(struct buf *b, const struct item *item, text_look_up *look_up)
{
	switch (item->type) {
	case ITEM_TEXT:
	case ITEM_TEXTS: buf_printf(b, " Ar %s", look(look_up, item->syntax->name)); break;
	case ITEM_NUMBER: buf_printf(b, " Ar %s", look(look_up, N_("NUMBER"))); break;
	case ITEM_FLAG: buf_puts(b, " Cm true | false"); break;
	case ITEM_CHOICE:
		for (size_t i = 0; i < item->n_choices; i++)
			buf_printf(b, "%s%s", i ? " | " : " Cm ", item->choices[i]);
		break;
	case ITEM_SECTION:
	case ITEM_SECTIONS: break;
	}
	buf_putc(b, '\n');
}

static struct text rule_of_number(const struct item *item)
{
	if (!item->preset || item->inherits)
		return TEXT(N_("From {1} to {2}."), text_u64(item->min), text_u64(item->max));
	return TEXT(N_("From {1} to {2}; default {3}."), text_u64(item->min), text_u64(item->max),
		text_u64(item->preset));
}

/* No id: there is none. */
static struct text rule_of_preset(const struct item *item)
{
	const char *preset = item->preset_text;

	if (item->type == ITEM_FLAG)
		preset = item->preset ? "true" : "false";
	if (item->type == ITEM_CHOICE)
		preset = item->choices[item->preset];
	if (!preset || item->inherits || item->required)
		return (struct text){ .id = NULL };
	return TEXT(N_("Default {1}."), text_str(preset));
}

static struct text rule_of(const struct item *item)
{
	switch (item->type) {
	case ITEM_NUMBER: return rule_of_number(item);
	case ITEM_FLAG:
	case ITEM_CHOICE:
	case ITEM_TEXT: return rule_of_preset(item);
	case ITEM_TEXTS:
	case ITEM_SECTIONS: return TEXT(N_("At most {1}."), text_u64(item->max));
	case ITEM_SECTION: break;
	}
	return (struct text){ .id = NULL };
}

static void put_rules(struct buf *b, const struct item *item, text_look_up *look_up)
{
	const struct text rule = rule_of(item);

	if (rule.id) {
		text_put(b, &rule, look_up);
		buf_putc(b, '\n');
	}
	if (item->inherits)
		buf_printf(b, "%s\n", look(look_up, N_("Left out, as in the defaults.")));
	if (item->required)
		buf_printf(b, "%s\n", look(look_up, N_("Required.")));
}

/* mdoc wants each sentence on a line of its own. */
static void put_sentences(struct buf *b, const char *text)
{
	const char *end = strstr(text, ".  ");

	for (; end; end = strstr(text, ".  ")) {
		buf_put(b, slice_of(text, (size_t)(end - text) + 1));
		buf_putc(b, '\n');
		text = end + 3;
	}
	buf_puts(b, text);
	buf_putc(b, '\n');
}

static void put_item(
	struct buf *b, const struct item *item, struct slice parent, text_look_up *look_up)
{
	put_path(b, item, parent);
	put_type(b, item, look_up);
	put_sentences(b, look(look_up, item->doc));
	if (item->doc_more)
		put_sentences(b, look(look_up, item->doc_more));
	put_rules(b, item, look_up);
}

void conf_doc_put(struct buf *b, text_look_up *look_up)
{
	struct step steps[DEPTH_MAX] = { { .section = &schema_root } };
	size_t depth = 1;
	struct buf path;

	buf_init(&path, PATH_MAX_BYTES);
	while (depth > 0) {
		struct step *s = &steps[depth - 1];

		buf_truncate(&path, s->path_length);
		if (s->next == s->section->n_items) {
			depth--;
			continue;
		}
		const struct item *item = &s->section->items[s->next++];

		put_item(b, item, buf_slice(&path), look_up);
		if (!item->section || depth == DEPTH_MAX)
			continue;
		buf_printf(&path, "%s%s.", item->name, item->type == ITEM_SECTIONS ? "[]" : "");
		steps[depth++] = (struct step){ item->section, 0, buf_len(&path) };
	}
	buf_done(&path);
}
