#include "watcher/visit.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "watcher/as_json.h"

static void put_fields(struct visit *v, struct web_answer *ret)
{
	char cookie[64];

	ret->type = "text/html; charset=utf-8";
	ret->cache = "no-store";
	web_answer_field(ret, "Content-Security-Policy", SLICE(PAGE_CSP));
	web_answer_field(ret, "Referrer-Policy", SLICE("no-referrer"));
	web_answer_field(ret, "X-Content-Type-Options", SLICE("nosniff"));
	web_answer_field(ret, "Vary", SLICE("Accept-Language, Cookie"));
	web_answer_field(ret, "Content-Language", slice_str(tongue_name(v->tongue)));
	if (!v->is_chosen)
		return;
	snprintf(cookie, sizeof(cookie), "lang=%s; Path=/; Max-Age=31536000; SameSite=Lax",
		tongue_name(v->tongue));
	web_answer_field(ret, "Set-Cookie", slice_str(cookie));
}

static void put_json_fields(struct web_answer *ret)
{
	ret->type = ret->status < 400 ? "application/json" : "application/problem+json";
	ret->cache = "no-store";
	web_answer_field(ret, "X-Content-Type-Options", SLICE("nosniff"));
}

int visit_page(struct visit *v, struct web_answer *ret, int err)
{
	if (err)
		return err;
	if (ret->status == 500)
		ret->status = 200;
	if (v->is_json)
		put_json_fields(ret);
	else
		put_fields(v, ret);
	return 0;
}

int visit_error(struct visit *v, struct web_answer *ret, const struct page_error *error)
{
	int err = v->is_json ? as_json_problem(&ret->body, error)
			     : page_error(&ret->body, &v->reader, error);

	ret->status = (unsigned)error->status;
	return visit_page(v, ret, err);
}

bool visit_has_failed(struct visit *v, struct web_answer *ret)
{
	for (unsigned i = 0; i < v->n_asks; i++) {
		const struct store_answer *a = v->answers[i];
		const struct page_error error = { .status = 503, .since_at = v->w->held_since };

		if (a && !a->err)
			continue;
		(void)visit_error(v, ret, &error);
		return true;
	}
	return false;
}

bool visit_match(struct visit *v, const char *pattern)
{
	if (!web_route_match(pattern, &v->path, v->values))
		return false;
	v->n_values = 0;
	for (const char *p = pattern; *p; p++)
		v->n_values += *p == '{';
	return true;
}

bool visit_is_of(struct visit *v, const struct view *view)
{
	const char *pattern = v->is_json ? view->api : view->pattern;

	return pattern && visit_match(v, pattern);
}

struct watched *visit_test(const struct visit *v)
{
	uint8_t room[WEB_PATH_MAX];
	struct buf key;

	buf_init_in(&key, room, sizeof(room));
	for (unsigned i = 0; i < v->n_values; i++) {
		if (i)
			buf_putc(&key, '/');
		for (size_t k = 0; k < v->values[i].n; k++)
			buf_putc(&key, ascii_lower(v->values[i].p[k]));
	}
	struct watched *t = buf_err(&key) ? NULL : roster_find(&v->w->roster, buf_slice(&key));
	return t && access_may(&v->access, v->access.sees, t) ? t : NULL;
}
