/* xml_names.h - the budget for distinct names (private to xml_read.c).
 *
 * expat keeps every element name, attribute name and prefix that it ever saw
 * until the parser is reset.  This set knows them by their hash only, and
 * counts what they cost.
 */
#pragma once

#include "base/slice.h"

struct xml_names {
	uint64_t *slots; /* hash, never 0; 0 is free */
	size_t n_slots;  /* a power of two, or 0 */
	size_t n;
	size_t bytes, max_bytes;
	uint8_t salt[16];
};

enum { XML_NAME_COST = 64 }; /* expat's structs for a name, about */

void xml_names_init(struct xml_names *s, size_t max_bytes, uint64_t salt);
void xml_names_done(struct xml_names *s);
void xml_names_clear(struct xml_names *s); /* keeps the memory */
/* 0, ERR_LIMIT when the budget is spent, -ENOMEM. */
int xml_names_add(struct xml_names *s, struct slice name);
