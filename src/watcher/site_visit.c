/* A visit begins, with what its query says, and ends. */
#include "base/mem.h"
#include "watcher/run_id.h"
#include "watcher/site_private.h"

/* ---- what the query says ---- */

static bool read_range(const struct web_request *r, enum page_range *ret)
{
	uint8_t room[16];
	struct buf value;

	buf_init_in(&value, room, sizeof(room));
	*ret = PAGE_24H;
	int err = web_query_find(r->query, "range", &value);
	if (err)
		return err == -ENOENT;
	for (unsigned i = 0; i < PAGE_RANGES; i++)
		if (slice_eqs(buf_slice(&value), page_range_names[i])) {
			*ret = (enum page_range)i;
			return true;
		}
	return false;
}

static bool read_by(const struct web_request *r, bool *ret)
{
	uint8_t room[16];
	struct buf value;

	buf_init_in(&value, room, sizeof(room));
	int err = web_query_find(r->query, "by", &value);
	*ret = !err;
	return err ? err == -ENOENT : slice_eqs(buf_slice(&value), "phase");
}

static bool read_before(const struct web_request *r, struct store_key *ret)
{
	uint8_t room[RUN_ID_MAX];
	struct buf value;

	buf_init_in(&value, room, sizeof(room));
	*ret = (struct store_key){ 0 };
	int err = web_query_find(r->query, "before", &value);
	if (err)
		return err == -ENOENT;
	return run_id_read(buf_slice(&value), &ret->test_id, &ret->at);
}

/* ---- a visit ---- */

struct visit *site_visit(const struct place *p, const struct web_request *r, const struct access *a)
{
	struct visit *v = mem_alloc0(sizeof(*v));
	struct site *s = p->site;

	if (!v)
		return NULL;
	list_init(&v->node);
	v->w = s->w;
	v->server = s->servers[p->number];
	v->is_json = slice_starts(r->path, SLICE("/api/"));
	v->is_loopback = p->is_loopback;
	v->access = *a;
	v->tongue = tongue_of(r, &v->is_chosen);
	site_look(&v->reader, s->w, v->tongue, &v->access);
	(void)slice_cstr(slice_cut(r->host, 0, sizeof(v->host) - 1), v->host, sizeof(v->host));
	v->is_bad = !slice_cstr(r->query, v->query, sizeof(v->query)) ||
		    !read_range(r, &v->range) || !read_by(r, &v->by_phase) ||
		    !read_before(r, &v->before) || !visit_read_filters(v, r->query);
	return v;
}

struct visit *site_visit_free(struct visit *v)
{
	for (unsigned i = 0; i < v->n_asks; i++)
		store_answer_free(v->answers[i]);
	return mem_free(v);
}

void site_refuse(struct visit *v, struct web_answer *ret, const struct page_error *error)
{
	v->n_asks = 0;
	(void)visit_error(v, ret, error);
	site_visit_free(v);
}
