/* Who may use a route of the site, and what he hears when he may not. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/loop.h"
#include "watcher/audit.h"
#include "watcher/site_private.h"

enum { ROLES_TEXT_MAX = 1024 };

/* ---- who asks, as the servers ask ---- */

/* Where nobody can sign in, what a proxy hands on of its own sign-in is not looked at. */
static enum web_who_answer check(
	void *arg, const struct web_request *r, const struct web_asker *asker, char *ret_user)
{
	const struct site *s = arg;
	const struct web_who *who = s->is_signed_in ? web_auth_who(s->auth) : NULL;

	return who ? who->check(who->arg, r, asker, ret_user) : WEB_WHO_NOBODY;
}

static void ask_for(void *arg, struct web_answer *ret)
{
	const struct site *s = arg;

	if (s->auth)
		web_auth_ask_for(s->auth, ret);
	else
		web_answer_refuse(ret, 401);
}

static void forget(void *arg, const void *asker)
{
	const struct site *s = arg;
	const struct web_who *who = s->auth ? web_auth_who(s->auth) : NULL;

	if (who)
		who->forget(who->arg, asker);
}

void door_init(struct site *s)
{
	s->who = (struct web_who){ check, ask_for, forget, s };
	s->hosts[0] = NULL;
}

void door_done(struct site *s)
{
	web_auth_free(s->auth);
	if (s->trusts)
		trusts_let_go(s->trusts, s->tls.trust);
	entrance_close(&s->next);
}

/* ---- another plan ---- */

static void take_host(struct site *s, const char *host)
{
	s->hosts[0] =
		host && slice_cstr(slice_str(host), s->host, sizeof(s->host)) ? s->host : NULL;
}

static void take_tls(struct site *s)
{
	if (!s->next.tls.identity)
		return;
	if (s->trusts)
		trusts_let_go(s->trusts, s->tls.trust);
	s->tls = s->next.tls;
	s->trusts = s->next.trusts;
	s->next.trusts = NULL;
}

int door_take(struct site *s, const struct plan *plan)
{
	int err = 0;

	live_end(s); /* whatever becomes of the rest: they read the roles of the plan that goes */
	if (plan->access.is_signed_in && !s->auth)
		err = web_auth_new(&s->auth, loop_base(pump_loop(s->w->pump)));
	if (err)
		return err;
	s->is_signed_in = plan->access.is_signed_in;
	if (s->auth) {
		web_auth_use(s->auth, s->next.list);
		s->next.list = NULL;
	}
	take_tls(s);
	entrance_close(&s->next);
	take_host(s, plan->access.host);
	return 0;
}

/* ---- he may not ---- */

void door_push_refused(const struct place *p, enum web_refusal why, const struct addr *peer)
{
	char source[ADDR_TEXT_MAX];
	const struct audit_act act = { .who = "anonymous",
		.source = slice_str(addr_text(peer, source)),
		.command = ROLE_VIEW };

	if (why == WEB_REFUSED_CREDENTIAL)
		audit_push_refusal(p->site->w, &act, "refused: wrong credentials");
	else if (why == WEB_REFUSED_GUESSING)
		audit_push_refusal(p->site->w, &act, "refused: too many wrong credentials");
	else if (why == WEB_REFUSED_FOREIGN)
		audit_push_refusal(p->site->w, &act, "refused: sent by a page of another site");
}

static void put_page(const struct place *p, const struct web_request *r, const struct access *a,
	struct slice roles, struct web_answer *ret)
{
	const struct page_error error = { .status = 403, .role = roles };
	struct visit *v = site_visit(p, r, a);

	if (v)
		site_refuse(v, ret, &error);
}

void door_deny(const struct place *p, const struct web_request *r, const struct access *a,
	enum role_command c, const struct watched *t, struct web_answer *ret)
{
	struct site *s = p->site;
	char source[ADDR_TEXT_MAX];
	const struct audit_act act = { .who = a->who,
		.source = slice_str(addr_text(&r->peer, source)),
		.command = c,
		.object = slice_str(t ? t->plan->key : "") };
	uint8_t room[ROLES_TEXT_MAX];
	struct buf roles;

	if (!a->is_known && s->is_signed_in) {
		web_auth_ask_for(s->auth, ret);
		return;
	}
	audit_push_refusal(s->w, &act, AUDIT_NO_ROLE);
	buf_init_in(&roles, room, sizeof(room));
	access_put_roles(&roles, a, c, t);
	if (slice_starts(r->path, SLICE("/api/")) ||
		web_accepts(web_field_find(r, "Accept"), "text", "html", NULL) > 0) {
		put_page(p, r, a, buf_slice(&roles), ret);
		return;
	}
	web_answer_refuse(ret, 403);
	buf_clear(&ret->body);
	buf_printf(&ret->body, "this needs a role that may `%s`: %.*s\n", role_command_name(c),
		SLICE_FMT(buf_slice(&roles)));
}
