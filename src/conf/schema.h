/* schema.h - what may stand in the configuration file: one table.
 *
 * Reading, defaults, freeing and the documentation all follow from it; nothing else knows a key.
 */
#pragma once

#include "conf/conf.h"
#include "conf/syntax.h"

enum item_type {
	ITEM_TEXT,     /* struct conf_text */
	ITEM_TEXTS,    /* struct conf_texts */
	ITEM_NUMBER,   /* struct conf_number */
	ITEM_FLAG,     /* struct conf_flag */
	ITEM_CHOICE,   /* struct conf_choice */
	ITEM_SECTION,  /* a struct that begins with its place */
	ITEM_SECTIONS, /* a pointer to an array of such structs, and a count at offset_n */
};

struct section;

struct item {
	const char *name;
	enum item_type type;
	bool required;
	size_t offset, offset_n;
	const struct syntax *syntax; /* ITEM_TEXT, ITEM_TEXTS */
	uint64_t min, max;           /* ITEM_NUMBER: the value; lists: how many */
	uint64_t preset;             /* the default of a number, flag or choice */
	const char *preset_text; /* of a text: who uses it knows it, here for the documentation */
	bool inherits;           /* left out, it is what `watch.defaults` says */
	const char *const *choices; /* ITEM_CHOICE */
	size_t n_choices;
	const struct section *section; /* ITEM_SECTION, ITEM_SECTIONS */
	const char *doc;               /* one sentence or two, to be looked up */
	const char *doc_more;          /* what several have in common, or NULL */
};

enum { SECTION_ITEMS_MAX = 24 };

struct section {
	size_t size; /* of the struct */
	size_t n_items;
	struct item items[SECTION_ITEMS_MAX];
};

extern const struct section schema_receiver, schema_watch;
extern const struct section schema_watch_tls, schema_sign_in, schema_role, schema_public,
	schema_watch_control;
extern const struct section schema_root; /* struct conf; it has no place of its own */
