/* A partner's page, /p/TOKEN: for whoever has its address, without a sign-in.
 *
 * It is read with all tests in sight, and shown from a struct that has no room for what is not the
 * partner's business.
 */
#include <openssl/sha.h>
#include <stdio.h>

#include "base/mem.h"
#include "conf/pairs.h"
#include "watcher/outside.h"
#include "watcher/shown.h"
#include "watcher/visit.h"

enum { OVERVIEW, OVER, TOKEN_MAX = 128, DAYS = 90 };

/* NULL: nobody's.  The token is known by its hash only. */
static const struct conf_public *find(const struct visit *v)
{
	const struct conf_watch *c = v->w->file.plan->conf;
	const struct slice token = v->values[0];
	uint8_t hash[SHA256_DIGEST_LENGTH];
	char text[2 * SHA256_DIGEST_LENGTH + 1];

	if (token.n == 0 || token.n > TOKEN_MAX)
		return NULL;
	SHA256(token.p, token.n, hash);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
	for (size_t i = 0; i < c->n_public; i++)
		if (slice_ieqs(slice_str(c->public[i].token_hash.s), text))
			return &c->public[i];
	return NULL;
}

static bool ask(struct visit *v)
{
	if (!find(v))
		return false;
	v->asks[OVERVIEW] =
		(struct store_query){ .type = STORE_OVERVIEW, .now_at = v->reader.now_at };
	v->asks[OVER] = (struct store_query){ .type = STORE_INCIDENTS,
		.from = v->reader.now_at - DAYS * SHOWN_DAY_US,
		.limit = 1000 };
	v->n_asks = 2;
	return true;
}

static int put(
	struct visit *v, struct web_answer *ret, const struct conf_public *c, const struct board *b)
{
	struct outside *o = mem_alloc0(sizeof(*o));
	const struct store_answer *days = v->answers[OVERVIEW], *over = v->answers[OVER];

	if (!o)
		return -ENOMEM;
	outside_fill(o, b, days->err ? NULL : days->overview, over->err ? NULL : over->incidents,
		v->reader.now_at);
	o->page.look_up = v->reader.look_up;
	o->page.zone = v->reader.zone;
	o->page.zone_name = v->reader.zone_name;
	o->page.site = v->reader.site;
	o->page.partner = slice_str(c->name.s ? c->name.s : c->partner.s);
	int err = page_public(&ret->body, &o->page);
	mem_free(o);
	return err;
}

/* It may have been revoked meanwhile. */
static int show(struct visit *v, struct web_answer *ret)
{
	const struct conf_public *c = find(v);
	const struct conf_partner *partner =
		c ? conf_find_partner(v->w->file.conf, c->partner.s) : NULL;
	struct board b;

	if (!partner) {
		ret->status = 404;
		return 0;
	}
	int err = board_new(&b, v->w, &v->reader, SLICE_NONE, slice_str(partner->domain.s));
	if (!err)
		err = put(v, ret, c, &b);
	board_done(&b);
	return visit_page(v, ret, err);
}

const struct view view_public = { "/p/{}", NULL, ask, show, ROLE_VIEW };
