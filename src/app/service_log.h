/* service_log.h - the log of a service: its events (gateway/events.h) as lines with a level, in the
 * form that people, a journal or a program reads.
 */
#pragma once

#include "app/log_out.h"
#include "base/text.h"
#include "gateway/events.h"

enum log_format {
	LOG_FORMAT_TEXT,    /* `level: subsystem event key=value ...` */
	LOG_FORMAT_JSON,    /* an object a line, with the time */
	LOG_FORMAT_JOURNAL, /* with the level as sd-daemon(3) has it */
	LOG_FORMAT_COUNT,
};

const char *log_format_name(enum log_format format);
/* As words of an option (app/opt.h). */
bool log_format_words(size_t i, const char **word, const char **what);
/* By its name; false: there is none.  NULL: as this descriptor's reader wants it, which is the
 * journal if systemd says so. */
bool log_format_find(const char *name, int fd, enum log_format *ret);

struct service_log {
	struct log_out *out; /* NULL: not open */
	enum log_format format;
	enum log_level level; /* what is below it in weight is no line */
	struct buf line, json;
	struct buf *copy; /* gets each line from now on, whatever its level; NULL: nobody does */
	/* The last warning or error, whatever the level; 0: there was none. */
	int64_t warned; /* microseconds since 1970 */
	char last_warning[512];
};

/* As log_out_new(). */
int service_log_open(struct service_log *l, int fd);
void service_log_close(struct service_log *l); /* fine on a zeroed one too */
void service_log_line(struct service_log *l, enum log_level level, struct slice line);
/* An event of the process itself: what is put there belongs to it until service_log_end(). */
struct buf *service_log_begin(struct service_log *l, enum log_event e);
void service_log_end(struct service_log *l, enum log_event e);
/* With one text for people. */
void service_log_text(struct service_log *l, enum log_event e, const struct text *t);
/* An event for each of these; the copy has them as they are. */
void service_log_texts(struct service_log *l, enum log_event e, struct slice lines);
