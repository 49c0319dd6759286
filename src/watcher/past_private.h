/* past_private.h - past.c has the commands, past_file.c opens the file, past_web.c asks the watcher
 * that has it open.
 */
#pragma once

#include "base/buf.h"
#include "base/text.h"
#include "page/model.h"
#include "store/store.h"
#include "watcher/config.h"

struct past {
	const struct opt_command *command;
	struct watch_config config;
	struct page_view view;
	struct store *store; /* NULL: a watcher runs, and is asked */
};

/* 0; -EBUSY: a watcher has it; another error with a sentence. */
int past_file_open(struct past *p, struct text *why);
/* Waits for it.  NULL: it cannot be read. */
struct store_answer *past_file_ask(struct past *p, const struct store_query *query);

/* The body of GET `path`.  0, or an error with a sentence. */
int past_web_get(struct past *p, const char *path, struct buf *body, struct text *why);
