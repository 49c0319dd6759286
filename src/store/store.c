#include "store/store.h"

#include <errno.h>
#include <string.h>

#include "store/reader.h"
#include "store/writer.h"

enum { PAUSE_MS = 250 };

struct store {
	struct outlet outlet;
	struct writer writer;
	struct reader reader;
	char *path, *zone_name;
	void *zone_file;
};

/* ---- life ---- */

static int copy_cfg(struct store *s, const struct store_cfg *cfg)
{
	struct store_cfg *own = &s->writer.cfg;

	*own = *cfg;
	s->path = mem_strdup(cfg->path);
	s->zone_name = mem_strdup(cfg->zone_name ? cfg->zone_name : "");
	s->zone_file = mem_strndup(
		cfg->zone_file.p ? (const void *)cfg->zone_file.p : "", cfg->zone_file.n);
	if (!s->path || !s->zone_name || !s->zone_file)
		return -ENOMEM;
	own->path = s->path;
	own->zone_name = s->zone_name;
	own->zone_file = slice_of(s->zone_file, cfg->zone_file.n);
	own->raw_days = cfg->raw_days ? cfg->raw_days : STORE_RAW_DAYS;
	own->hour_days = cfg->hour_days ? cfg->hour_days : STORE_HOUR_DAYS;
	own->pause_ms = cfg->pause_ms ? cfg->pause_ms : PAUSE_MS;
	return 0;
}

static struct store *store_free(struct store *s)
{
	writer_done(&s->writer);
	file_unlock(&s->writer.file);
	queue_done(&s->writer.queue);
	outlet_done(&s->outlet);
	mem_free(s->path);
	mem_free(s->zone_name);
	mem_free(s->zone_file);
	return mem_free(s);
}

static int init(struct store *s, const struct store_cfg *cfg)
{
	s->writer.outlet = &s->outlet;
	s->writer.file.lock = -1;
	int err = outlet_init(&s->outlet);
	if (!err)
		err = queue_init(&s->writer.queue);
	return err ? err : copy_cfg(s, cfg);
}

/* The reader opens the file with its first question, and needs none before. */
static int start(struct store *s, struct text *why)
{
	const struct store_cfg *cfg = &s->writer.cfg;
	int err = file_lock(&s->writer.file, cfg->path, why);

	if (err)
		return err;
	err = reader_start(&s->reader, &s->outlet, cfg->path, cfg->zone_file);
	if (err) {
		*why = file_text(&s->writer.file, err);
		return err;
	}
	err = writer_start(&s->writer, &s->reader, why);
	if (err)
		reader_stop(&s->reader);
	return err;
}

int store_open(struct store **ret, const struct store_cfg *cfg, struct text *why)
{
	struct store *s = mem_alloc0(sizeof(*s));

	*why = TEXT_PLAIN(N_("There is no memory."));
	if (!s)
		return -ENOMEM;
	int err = init(s, cfg);
	if (!err)
		err = start(s, why);
	if (err)
		store_free(s);
	else
		*ret = s;
	return err;
}

uint64_t store_close(struct store *s)
{
	if (!s)
		return 0;
	reader_stop(&s->reader);
	const uint64_t lost = writer_stop(&s->writer);

	store_free(s);
	return lost;
}

/* ---- what comes out ---- */

int store_fd(const struct store *s)
{
	return s->outlet.fd;
}

bool store_take_event(struct store *s, struct store_event *ret)
{
	return outlet_take(&s->outlet, ret);
}

struct store_stats store_stats(struct store *s)
{
	struct queue *q = &s->writer.queue;

	pthread_mutex_lock(&q->mutex);
	struct store_stats stats = s->writer.stats;
	stats.queued = q->n;
	stats.queued_bytes = q->bytes;
	stats.dropped_runs = q->dropped_runs;
	stats.dropped_evidence = q->dropped_evidence;
	pthread_mutex_unlock(&q->mutex);
	pthread_mutex_lock(&s->reader.mutex);
	stats.asked = s->reader.asked;
	stats.answer_last_us = s->reader.answer_last;
	stats.answer_max_us = s->reader.answer_max;
	pthread_mutex_unlock(&s->reader.mutex);
	stats.file_bytes = file_bytes(&s->writer.file);
	return stats;
}

/* ---- what goes in ---- */

uint64_t store_sync_tests(struct store *s, const struct store_test *tests, size_t n)
{
	struct entry *e = entry_of_sync(tests, n);

	sqlite_set_memory(n);
	return e ? queue_push(&s->writer.queue, e) : 0;
}

uint64_t store_push_run(struct store *s, const struct store_run *run)
{
	return queue_push(&s->writer.queue, entry_of_run(run));
}

uint64_t store_push_state(struct store *s, int64_t test_id, const struct state *state,
	const struct incident *incidents, unsigned n_incidents)
{
	return queue_push(&s->writer.queue, entry_of_state(test_id, state, incidents, n_incidents));
}

uint64_t store_push_mark(struct store *s, const struct store_mark *mark)
{
	return queue_push(&s->writer.queue, entry_of_mark(mark));
}

uint64_t store_push_audit(struct store *s, const struct store_audit *audit)
{
	return queue_push(&s->writer.queue, entry_of_audit(audit));
}

void store_push_time(struct store *s, int64_t now_at)
{
	struct queue *q = &s->writer.queue;

	pthread_mutex_lock(&q->mutex);
	q->now_at = now_at;
	pthread_cond_signal(&q->news);
	pthread_mutex_unlock(&q->mutex);
}

uint64_t store_ask(struct store *s, const struct store_query *query)
{
	return reader_push(&s->reader, query);
}
