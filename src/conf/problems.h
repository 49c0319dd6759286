/* problems.h - the errors of one configuration file, a line each, up to CONF_ERRORS_MAX or what
 * its owner says. */
#pragma once

#include "conf/conf.h"

struct problems {
	struct buf *out;
	const char *file_name;
	text_look_up *look_up;
	unsigned n;
	unsigned max; /* 0: CONF_ERRORS_MAX */
	unsigned left_out;
};

void problems_add(struct problems *p, struct conf_place at, struct text t);
static inline bool problems_full(const struct problems *p)
{
	return p->n >= (p->max ? p->max : CONF_ERRORS_MAX);
}

/* The file's own words for a message: cut to what a line can bear, control characters shown as
 * \xhh so that a file cannot write to the reader's terminal. */
#define SHOWN_MAX 64
const char *shown(struct slice s, char text[SHOWN_MAX]);
