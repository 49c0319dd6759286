/* write_out.h - a result in a form of the user's own, in the manner of curl's --write-out.
 *
 * %{NAME} is replaced by what the table below has, %% is a %, and \n, \r and
 * \t are what they are elsewhere; everything else stays.  A name that there is
 * not is refused by write_out_check(), before anything is sent.
 */
#pragma once

#include "report/report.h"

struct write_out_name {
	const char *name, *what;
};

size_t write_out_count(void);
struct write_out_name write_out_at(size_t i); /* in the order in which they are shown */

/* 0, or ERR_SYNTAX with a sentence in `why`. */
int write_out_check(struct slice format, struct text *why);
/* `format` was checked.  %{stderr} sends what follows to `err`, %{stdout} to `out` again. */
void write_out_put(
	struct slice format, const struct report_run *run, struct buf *out, struct buf *err);
