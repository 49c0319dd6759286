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

static void put_type(struct buf *b, const struct item *item)
{
	switch (item->type) {
	case ITEM_TEXT:
	case ITEM_TEXTS: buf_printf(b, " Ar %s", item->syntax->name); break;
	case ITEM_NUMBER: buf_puts(b, " Ar NUMBER"); break;
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

static void put_rule(struct buf *b, const struct item *item)
{
	switch (item->type) {
	case ITEM_NUMBER:
		buf_printf(b, "From %llu to %llu", (unsigned long long)item->min,
			(unsigned long long)item->max);
		if (item->preset)
			buf_printf(b, "; default %llu", (unsigned long long)item->preset);
		buf_puts(b, ".\n");
		break;
	case ITEM_FLAG: buf_printf(b, "Default %s.\n", item->preset ? "true" : "false"); break;
	case ITEM_CHOICE: buf_printf(b, "Default %s.\n", item->choices[item->preset]); break;
	case ITEM_TEXTS:
	case ITEM_SECTIONS: buf_printf(b, "At most %llu.\n", (unsigned long long)item->max); break;
	case ITEM_TEXT:
	case ITEM_SECTION: break;
	}
	if (item->required)
		buf_puts(b, "Required.\n");
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

static void put_item(struct buf *b, const struct item *item, struct slice parent)
{
	put_path(b, item, parent);
	put_type(b, item);
	put_sentences(b, item->doc);
	put_rule(b, item);
}

void conf_doc_put(struct buf *b)
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

		put_item(b, item, buf_slice(&path));
		if (!item->section || depth == DEPTH_MAX)
			continue;
		buf_printf(&path, "%s%s.", item->name, item->type == ITEM_SECTIONS ? "[]" : "");
		steps[depth++] = (struct step){ item->section, 0, buf_len(&path) };
	}
	buf_done(&path);
}
