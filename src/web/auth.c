#include "web/auth.h"

#include <event2/event.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "net/loop.h"
#include "web/credentials.h"
#include "web/limit.h"
#include "web/passwords.h"

enum {
	KNOWN_MAX = 256, /* the eldest makes room */
	TAG = 32,
};

#define USER        "user"
#define TOKEN       "token"
#define CERTIFICATE "certificate"

struct known {
	uint8_t tag[TAG];
	ts_t until; /* 0: free */
	char user[WEB_USER_MAX + 1];
};

/* A password that is being compared. */
struct ask {
	struct web_asker asker;
	struct addr peer;
	uint8_t tag[TAG];
	char user[WEB_USER_MAX + 1];
	char hash[WEB_HASH_MAX + 1]; /* "": he is not there */
};

struct web_auth {
	struct web_who who;
	struct web_auth_list *list;
	struct web_passwords *passwords;
	struct event *answered;
	uint8_t key[TAG];
	struct known known[KNOWN_MAX];
	struct web_limit wrong;
	struct ask asks[WEB_PASSWORDS_MAX];
	unsigned asked, told; /* as the passwords, in their order */
};

static const char *call(const char *way, const char *name, char ret[WEB_WHO_MAX + 1])
{
	snprintf(ret, WEB_WHO_MAX + 1, "%s:%s", way, name);
	return ret;
}

/* ---- what was right a moment ago ---- */

static bool make_tag(const struct web_auth *a, const struct web_credentials *c, uint8_t tag[TAG])
{
	uint8_t text[sizeof(c->room) + 1];
	struct buf b;
	unsigned n = 0;

	buf_init_in(&b, text, sizeof(text));
	buf_put(&b, c->user);
	buf_putc(&b, ':');
	buf_put(&b, c->password);
	const bool ok = !buf_err(&b) && HMAC(EVP_sha256(), a->key, sizeof(a->key), text,
						buf_len(&b), tag, &n) != NULL;
	mem_wipe(text, sizeof(text));
	return ok;
}

static struct known *find_known(struct web_auth *a, const uint8_t tag[TAG], ts_t now)
{
	for (size_t i = 0; i < KNOWN_MAX; i++)
		if (a->known[i].until > now && CRYPTO_memcmp(a->known[i].tag, tag, TAG) == 0)
			return &a->known[i];
	return NULL;
}

static void keep_known(struct web_auth *a, const struct ask *ask, ts_t now)
{
	struct known *k = &a->known[0];

	for (size_t i = 1; i < KNOWN_MAX; i++)
		if (a->known[i].until < k->until)
			k = &a->known[i];
	memcpy(k->tag, ask->tag, TAG);
	memcpy(k->user, ask->user, sizeof(k->user));
	k->until = ts_add(now, TS_S(WEB_AUTH_KNOWN_S));
}

void web_auth_use(struct web_auth *a, struct web_auth_list *list)
{
	web_auth_list_free(a->list);
	a->list = list;
	mem_wipe(a->known, sizeof(a->known));
}

/* ---- passwords ---- */

/* The list may have been changed while it was compared. */
static bool settle(struct web_auth *a, const struct ask *ask)
{
	bool is_there;
	const char *hash = web_auth_list_get_hash(a->list, slice_str(ask->user), &is_there);

	if (!is_there || strcmp(hash, ask->hash) != 0)
		return false;
	keep_known(a, ask, loop_clock());
	web_limit_forgive(&a->wrong, &ask->peer);
	return true;
}

static void on_answered(evutil_socket_t fd, short what, void *arg)
{
	struct web_auth *a = arg;
	bool is_right;

	(void)fd;
	(void)what;
	while (web_passwords_take(a->passwords, &is_right)) {
		const struct ask ask = a->asks[a->told++ % WEB_PASSWORDS_MAX];
		const bool is_user = is_right && settle(a, &ask);
		char who[WEB_WHO_MAX + 1];
		if (ask.asker.tell)
			ask.asker.tell(ask.asker.arg, ask.asker.id,
				is_user ? call(USER, ask.user, who) : NULL);
	}
}

static void forget(void *arg, const void *asker)
{
	struct web_auth *a = arg;

	for (unsigned i = a->told; i != a->asked; i++)
		if (a->asks[i % WEB_PASSWORDS_MAX].asker.arg == asker)
			a->asks[i % WEB_PASSWORDS_MAX].asker.tell = NULL;
}

static bool begin_ask(struct web_auth *a, const struct web_credentials *c, const uint8_t tag[TAG],
	const struct web_asker *asker, const struct addr *peer)
{
	bool is_there;
	const char *hash = web_auth_list_get_hash(a->list, c->user, &is_there);
	struct ask *ask = &a->asks[a->asked % WEB_PASSWORDS_MAX];

	if (!web_passwords_push(a->passwords, hash, c->password))
		return false;
	*ask = (struct ask){ .asker = *asker, .peer = *peer };
	memcpy(ask->tag, tag, TAG);
	if (is_there) {
		slice_cstr(c->user, ask->user, sizeof(ask->user));
		slice_cstr(slice_str(hash), ask->hash, sizeof(ask->hash));
	}
	a->asked++;
	return true;
}

static enum web_who_answer check_password(struct web_auth *a, const struct web_credentials *c,
	const struct web_asker *asker, const struct addr *peer, char *ret_user)
{
	const ts_t now = loop_clock();
	uint8_t tag[TAG];

	if (!make_tag(a, c, tag))
		return WEB_WHO_BUSY;
	const struct known *known = find_known(a, tag, now);
	if (known) {
		call(USER, known->user, ret_user);
		return WEB_WHO_USER;
	}
	if (web_limit_is_reached(&a->wrong, peer, now))
		return WEB_WHO_GUESSING;
	if (!begin_ask(a, c, tag, asker, peer))
		return WEB_WHO_BUSY;
	/* Until it was right: several at once are as many guesses. */
	web_limit_count(&a->wrong, peer, now);
	return WEB_WHO_LATER;
}

/* ---- what a request has ---- */

static enum web_who_answer wrong(struct web_auth *a, const struct addr *peer)
{
	const ts_t now = loop_clock();

	if (web_limit_is_reached(&a->wrong, peer, now))
		return WEB_WHO_GUESSING;
	web_limit_count(&a->wrong, peer, now);
	return WEB_WHO_WRONG;
}

static enum web_who_answer say(
	const char *way, const char *user, enum web_who_answer else_this, char *ret_user)
{
	if (!user)
		return else_this;
	call(way, user, ret_user);
	return WEB_WHO_USER;
}

static const char *find_token(const struct web_auth *a, struct slice token)
{
	uint8_t hash[WEB_TOKEN_HASH];

	SHA256(token.p, token.n, hash);
	return web_auth_list_find_token(a->list, hash);
}

static enum web_who_answer judge(struct web_auth *a, const struct web_request *r,
	const struct web_credentials *c, const struct web_asker *asker, char *ret_user)
{
	switch (c->type) {
	case WEB_CREDENTIAL_NONE:
		return say(CERTIFICATE, web_auth_list_find_certificate(a->list, r->tls),
			WEB_WHO_NOBODY, ret_user);
	case WEB_CREDENTIAL_BASIC:
		if (web_auth_list_has_users(a->list))
			return check_password(a, c, asker, &r->peer, ret_user);
		break;
	case WEB_CREDENTIAL_BEARER:
		if (say(TOKEN, find_token(a, c->token), WEB_WHO_WRONG, ret_user) == WEB_WHO_USER)
			return WEB_WHO_USER;
		break;
	case WEB_CREDENTIAL_OTHER: break;
	}
	return wrong(a, &r->peer);
}

static enum web_who_answer check(
	void *arg, const struct web_request *r, const struct web_asker *asker, char *ret_user)
{
	struct web_credentials c;

	web_credentials_read(&c, r);
	const enum web_who_answer answer = judge(arg, r, &c, asker, ret_user);
	mem_wipe(&c, sizeof(c));
	return answer;
}

void web_auth_ask_for(const struct web_auth *a, struct web_answer *ret)
{
	web_answer_refuse(ret, 401);
	if (web_auth_list_has_users(a->list))
		web_answer_field(
			ret, "WWW-Authenticate", SLICE("Basic realm=\"stox\", charset=\"UTF-8\""));
	if (web_auth_list_has_tokens(a->list) || !web_auth_list_has_users(a->list))
		web_answer_field(ret, "WWW-Authenticate", SLICE("Bearer realm=\"stox\""));
}

static void ask_for(void *arg, struct web_answer *ret)
{
	web_auth_ask_for(arg, ret);
}

const struct web_who *web_auth_who(const struct web_auth *a)
{
	return &a->who;
}

/* ---- life ---- */

int web_auth_new(struct web_auth **ret, struct event_base *base)
{
	struct web_auth *a = mem_alloc0(sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->who = (struct web_who){ check, ask_for, forget, a };
	int err = web_auth_list_new(&a->list);
	if (!err && RAND_bytes(a->key, sizeof(a->key)) != 1)
		err = -EIO;
	if (!err)
		err = web_passwords_new(&a->passwords);
	if (!err) {
		a->answered = event_new(
			base, web_passwords_fd(a->passwords), EV_READ | EV_PERSIST, on_answered, a);
		err = a->answered && event_add(a->answered, NULL) == 0 ? 0 : -ENOMEM;
	}
	if (err)
		web_auth_free(a);
	else
		*ret = a;
	return err;
}

struct web_auth *web_auth_free(struct web_auth *a)
{
	if (!a)
		return NULL;
	if (a->answered)
		event_free(a->answered);
	web_passwords_free(a->passwords);
	web_auth_list_free(a->list);
	mem_wipe(a, sizeof(*a));
	return mem_free(a);
}
