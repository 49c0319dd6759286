/* language.h - the reader's language: which catalogue of messages, and the look-up of a text.
 *
 * The environment is read as gettext reads it: LC_ALL, LC_MESSAGES or LANG
 * name the locale; unless that is C or POSIX, LANGUAGE may name others, best
 * first, with colons between.  The locale need not have been generated on this
 * machine: base/catalog.h says why that matters.
 *
 * The catalogue is found from where the program is, so that a tree can be
 * moved: `locale` beside it (a build), or `share/locale` beside its folder or
 * the folder above that one (bin, libexec/stox).
 *
 * What is read is kept for the whole program, like stdout: there is one reader.
 */
#pragma once

#include <stdio.h>

#include "base/catalog.h"
#include "base/text.h"

enum {
	LANGUAGE_NAMES_MAX = 16,
	LANGUAGE_NAME_MAX = 32,
};

struct language_names {
	size_t n;
	char name[LANGUAGE_NAMES_MAX][LANGUAGE_NAME_MAX];
};

/* Which catalogues the environment asks for, best first: "fr_CA", "fr".  None: English. */
void language_names(struct language_names *ret);
/* Reads the first catalogue of `names` that is below `folder`: FOLDER/NAME/LC_MESSAGES/stox.mo.
 * False when there is none that can be read; then texts stay as they were. */
bool language_open(const char *folder, const struct language_names *names);
/* Of what was opened every text loses its accents: for a terminal whose characters are not UTF-8.
 * ASCII is a part of all that a locale can have. */
void language_fold(void);
/* From the environment and the place of the program; once, before anything is shown. */
void language_init(void);
void language_done(void); /* English again; what was looked up is gone */

/* The catalogue of one language by its name ("fr"), from the places in which language_init() looks,
 * for a program with readers of several.  `ret_file` has its bytes, and is the caller's.  False:
 * there is none. */
bool language_load(const char *name, struct buf *ret_file, struct catalog *ret);

/* What `id` is in the reader's language; itself when there is no translation. */
text_look_up language_look_up;

/* A sentence (an id) with {1} for another text, which is looked up at once. */
struct text language_around(const char *sentence, struct text inner);
/* A text as a line of its own on `to`. */
void say(FILE *to, struct text t);
