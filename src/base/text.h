/* text.h - a sentence for people that is in no language yet: an id and its arguments.
 *
 * The id is the English sentence with {1} to {8} where the arguments go; a
 * translation may order them otherwise.  Pure code makes texts; who shows one
 * looks the id up (app) and hands in how.  N_() marks an id for extraction and
 * does nothing else.
 *
 * Arguments come from peers: what could disturb a terminal or a line (control
 * characters, marks of direction, bytes that are not UTF-8) is replaced by '?'
 * when the text is made.
 */
#pragma once

#include "base/addr.h"
#include "base/ts.h"

#define N_(id)        id
#define TEXT_ARGS_MAX 8

enum { TEXT_STORE = 704 };

struct text_arg {
	const char *id;     /* to be looked up as well, or NULL */
	struct slice value; /* borrowed until text_make() returns; NULL: `own` has it */
	bool decimal;       /* its point is that of the reader's language */
	char own[ADDR_TEXT_MAX];
};

struct text {
	const char *id; /* a literal; NULL: there is no text */
	unsigned n_args;
	const char *arg_ids[TEXT_ARGS_MAX];      /* NULL: the argument is in store */
	uint16_t arg_at[TEXT_ARGS_MAX], n_store; /* each ends with a NUL */
	uint8_t decimals;                        /* 1 << argument */
	char store[TEXT_STORE];
};

/* What an id is in the reader's language; NULL stands for the identity. */
typedef const char *text_look_up(const char *id);

struct text_arg text_str(const char *s);    /* "" for NULL */
struct text_arg text_slice(struct slice s); /* borrowed */
struct text_arg text_id(const char *id);    /* a literal that is itself translated */
struct text_arg text_u64(uint64_t v);
struct text_arg text_seconds(ts_t t);      /* "2.0": one decimal; "2,0" in French */
struct text_arg text_fine_seconds(ts_t t); /* "0.012536": microseconds */
struct text_arg text_addr(const struct addr *a);
struct text_arg text_date(int64_t s_since_1970); /* "2026-11-25" */
struct text_arg text_errno(int err);             /* "connection refused", translated */

/* Arguments that do not fit are cut at a character. */
struct text text_make(const char *id, const struct text_arg *args, size_t n_args);
#define TEXT(id, ...)                                                                              \
	text_make(id, (const struct text_arg[]){ __VA_ARGS__ },                                    \
		sizeof((const struct text_arg[]){ __VA_ARGS__ }) / sizeof(struct text_arg))
#define TEXT_PLAIN(id) text_make(id, NULL, 0)

void text_put(struct buf *b, const struct text *t, text_look_up *look_up);
/* Would a terminal obey it, a line break at it, or a text turn round? */
bool text_is_control(uint32_t c);
/* What a peer said, as it may stand in one line of UTF-8: as arguments are. */
void text_put_clean(struct buf *b, struct slice raw);
