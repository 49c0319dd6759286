/* ids.h - the ids of our stanzas: a letter, a number, and a word that only this process can have
 * made.
 *
 * A user of the far domain knows no id but those that he was shown, so that he
 * cannot answer for another one; and what came from a second gateway under
 * the same component name is told apart from what is ours.
 */
#pragma once

#include "base/rng.h"
#include "base/slice.h"

struct ids {
	uint8_t key[16];
};

enum ids_whose {
	IDS_NONE,     /* it has no such form */
	IDS_OURS,     /* *ret is its number */
	IDS_ANOTHERS, /* the form, and not our word */
};

enum { IDS_TEXT = 33 }; /* characters of one */
#define IDS_MESSAGE 'm' /* the kind of a message's stanza */

void ids_init(struct ids *ids, struct rng *rng);
/* `kind` is a letter, of those that one key serves. */
struct slice ids_text(const struct ids *ids, char kind, uint64_t n, char text[IDS_TEXT + 1]);
enum ids_whose ids_read(const struct ids *ids, char kind, struct slice text, uint64_t *ret);
