#include "app/service_log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log_json.h"
#include "base/mem.h"
#include "base/str.h"
#include "net/loop.h"

enum { LINE_MAX = 16384 };

/* ---- forms ---- */

static const char *const names[] = {
	[LOG_FORMAT_TEXT] = "text",
	[LOG_FORMAT_JSON] = "json",
	[LOG_FORMAT_JOURNAL] = "journal",
};
_Static_assert(COUNT(names) == LOG_FORMAT_COUNT, "one name a form");

const char *log_format_name(enum log_format format)
{
	return names[format];
}

/* systemd.exec(5): the device and inode of the stream, since what is started from a service
 * inherits the variable, and not always the stream. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char mine[64];

	if (!stream || fstat(fd, &st) < 0)
		return false;
	snprintf(mine, sizeof(mine), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, mine) == 0;
}

bool log_format_words(size_t i, const char **word, const char **what)
{
	if (i >= LOG_FORMAT_COUNT)
		return false;
	*word = log_format_name((enum log_format)i);
	*what = NULL;
	return true;
}

bool log_format_find(const char *name, int fd, enum log_format *ret)
{
	if (!name) {
		*ret = is_journal(fd) ? LOG_FORMAT_JOURNAL : LOG_FORMAT_TEXT;
		return true;
	}
	for (enum log_format i = 0; i < LOG_FORMAT_COUNT; i++)
		if (strcmp(name, names[i]) == 0) {
			*ret = i;
			return true;
		}
	return false;
}

/* ---- a line ---- */

/* systemd reads the level from a prefix: sd-daemon(3). */
static struct slice prefix_of(const struct service_log *l, enum log_level level)
{
	static const struct {
		const char *journal, *people;
	} prefixes[] = {
		[LOG_LEVEL_ERROR] = { "<3>", "error: " },
		[LOG_LEVEL_WARNING] = { "<4>", "warning: " },
		[LOG_LEVEL_INFO] = { "<6>", "info: " },
		[LOG_LEVEL_DEBUG] = { "<7>", "debug: " },
	};

	return slice_str(
		l->format == LOG_FORMAT_JOURNAL ? prefixes[level].journal : prefixes[level].people);
}

static void put_json(struct buf *b, enum log_level level, struct slice line)
{
	buf_puts(b, "{\"time\":\"");
	rfc3339_put(b, loop_wall());
	buf_printf(b, "\",\"level\":\"%s\",", log_level_name(level));
	log_json_put(b, line);
	buf_putc(b, '}');
}

static void write_line(struct service_log *l, enum log_level level, struct slice line)
{
	if (l->format != LOG_FORMAT_JSON) {
		log_out_line(l->out, prefix_of(l, level), line);
		return;
	}
	buf_clear(&l->json);
	put_json(&l->json, level, line);
	if (!buf_err(&l->json))
		log_out_line(l->out, SLICE_NONE, buf_slice(&l->json));
}

static void note_dropped(void *arg, uint64_t n, struct buf *ret)
{
	const struct event_row *row = event_row(EVENT_LINES_DROPPED);
	const struct service_log *l = arg;
	uint8_t room[64];
	struct buf line;

	buf_init_in(&line, room, sizeof(room));
	log_begin(&line, row->subsystem, row->name);
	log_u64(&line, "n", n);
	if (l->format == LOG_FORMAT_JSON) {
		put_json(ret, row->level, buf_slice(&line));
		return;
	}
	buf_put(ret, prefix_of(l, row->level));
	buf_put(ret, buf_slice(&line));
}

int service_log_open(struct service_log *l, int fd)
{
	buf_init(&l->line, LINE_MAX);
	buf_init(&l->json, 6 * LINE_MAX); /* what is escaped grows */
	return log_out_new(&l->out, fd, note_dropped, l);
}

void service_log_close(struct service_log *l)
{
	l->out = log_out_free(l->out);
	buf_done(&l->line);
	buf_done(&l->json);
}

static void note_warning(struct service_log *l, struct slice line)
{
	(void)slice_cstr(slice_cut(line, 0, sizeof(l->last_warning) - 1), l->last_warning,
		sizeof(l->last_warning));
	l->warned = loop_wall();
}

void service_log_line(struct service_log *l, enum log_level level, struct slice line)
{
	if (level <= LOG_LEVEL_WARNING && line.n)
		note_warning(l, line);
	if (level <= l->level && line.n) /* one that had no room is counted instead */
		write_line(l, level, line);
	if (!l->copy)
		return;
	buf_put(l->copy, line);
	buf_putc(l->copy, '\n');
}

/* ---- events of the process ---- */

struct buf *service_log_begin(struct service_log *l, enum log_event e)
{
	buf_clear(&l->line);
	log_begin(&l->line, event_row(e)->subsystem, event_row(e)->name);
	return &l->line;
}

void service_log_end(struct service_log *l, enum log_event e)
{
	if (!buf_err(&l->line))
		service_log_line(l, event_row(e)->level, buf_slice(&l->line));
}

void service_log_text(struct service_log *l, enum log_event e, const struct text *t)
{
	struct buf text;

	buf_init(&text, LINE_MAX / 2);
	text_put(&text, t, NULL); /* logs are English */
	log_str(service_log_begin(l, e), "text", buf_slice(&text));
	service_log_end(l, e);
	buf_done(&text);
}

void service_log_texts(struct service_log *l, enum log_event e, struct slice lines)
{
	struct buf *const copy = l->copy;

	if (copy)
		buf_put(copy, lines);
	l->copy = NULL;
	while (lines.n) {
		log_str(service_log_begin(l, e), "text", slice_split(&lines, '\n'));
		service_log_end(l, e);
	}
	l->copy = copy;
}
