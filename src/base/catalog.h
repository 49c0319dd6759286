/* catalog.h - a catalogue of translations in memory, as msgfmt writes it (GNU gettext's MO format).
 *
 * Not gettext(3), for three reasons.  It finds nothing for a locale that was
 * not generated on this machine, and ssh brings LANG to machines that never
 * heard of it.  It converts to the locale's characters, and our output is
 * UTF-8 everywhere.  And it needs setlocale(), which is state of the process.
 *
 * The file is trusted no further than its length: whatever its bytes are, a
 * look-up stays inside and ends.  Plural forms and contexts are not read; our
 * sentences have neither.
 */
#pragma once

#include "base/slice.h"

#define CATALOG_MAX (4 << 20) /* bytes of a file */

struct catalog {
	struct slice file; /* borrowed: the texts that are found are in it */
	bool big_endian;
	uint32_t n;          /* of sentences */
	uint32_t ids, texts; /* where their tables begin */
};

/* 0; ERR_SYNTAX when it is no catalogue; ERR_UNSUPPORTED when it is one, but not in UTF-8. */
int catalog_open(struct catalog *ret, struct slice file);
/* The i-th translation, below n; NULL when the file is damaged there. */
const char *catalog_text(const struct catalog *c, uint32_t i);
/* The translation of `id`, or NULL when there is none. */
const char *catalog_find(const struct catalog *c, const char *id);
