#include "sip/register.h"

#include "base/mem.h"
#include "sip/hdr.h"
#include "sip/write.h"

enum {
	CALL_ID = 26, /* 130 bits of chance */
	TAG = 10,
	OTHERS_TEXT = 160,
	ANSWERED_MAX = 4,         /* 401, 407, 423 in a row for one request: a loop ends */
	SERVICE_ROUTE_MAX = 4096, /* bytes; a longer one is as none */
	GRUU_MAX = 512,           /* bytes; likewise */
	LEFT_MAX = 8,             /* Contacts that were left behind, one REGISTER each */
	INSTANCE_MAX = 128,       /* bytes, with its brackets */
	MIN_EXPIRES_MAX = 86400,  /* of a 423: more is no wish that a test user obeys */
};

struct reg {
	char *registrar_uri, *aor, *contact, *instance, *user_agent;
	char *left; /* the Contact before, until a 200 shows that it is gone; or NULL */
	struct digest_client *digest;
	enum reg_state state;
	enum reg_outcome outcome;
	int status;
	unsigned expires_s, granted_s, others;
	char other_hosts[OTHERS_TEXT];
	unsigned swept;    /* Contacts that were left behind */
	unsigned answered; /* how often this request was made anew, as a response asked for */
	bool want_send;
	bool removing;
	uint32_t cseq;
	ts_t refresh, bound_until;
	char call_id[CALL_ID + 1], tag[TAG + 1];
	struct buf service_route, gruu; /* of the last 200 */
};

static const char *const state_names[] = {
	[REG_IDLE] = "idle",
	[REG_AWAIT_ANSWER] = "await-answer",
	[REG_REGISTERED] = "registered",
	[REG_REMOVING] = "removing",
	[REG_REMOVED] = "removed",
	[REG_FAILED] = "failed",
};

const char *reg_state_name(enum reg_state state)
{
	return state_names[state];
}

int reg_new(struct reg **ret, const struct reg_cfg *cfg, struct rng *rng)
{
	struct reg *r = mem_alloc0(sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->registrar_uri = mem_strndup(cfg->registrar_uri.p, cfg->registrar_uri.n);
	r->aor = mem_strndup(cfg->aor.p, cfg->aor.n);
	r->contact = mem_strndup(cfg->contact_uri.p, cfg->contact_uri.n);
	r->instance = mem_strndup(cfg->instance.p, cfg->instance.n);
	r->user_agent = mem_strndup(cfg->user_agent.p, cfg->user_agent.n);
	if (!r->registrar_uri || !r->aor || !r->contact || !r->instance || !r->user_agent) {
		reg_free(r);
		return -ENOMEM;
	}
	r->digest = cfg->digest;
	r->expires_s = cfg->expires_s;
	r->refresh = r->bound_until = TS_NEVER;
	buf_init(&r->service_route, SERVICE_ROUTE_MAX);
	buf_init(&r->gruu, GRUU_MAX);
	rng_token(rng, r->call_id, CALL_ID);
	rng_token(rng, r->tag, TAG);
	*ret = r;
	return 0;
}

struct reg *reg_free(struct reg *r)
{
	if (!r)
		return NULL;
	mem_free(r->registrar_uri);
	mem_free(r->aor);
	mem_free(r->contact);
	mem_free(r->left);
	mem_free(r->instance);
	mem_free(r->user_agent);
	buf_done(&r->service_route);
	buf_done(&r->gruu);
	return mem_free(r);
}

static void ask(struct reg *r, enum reg_state state)
{
	r->state = state;
	r->want_send = true;
	r->refresh = TS_NEVER;
}

void reg_start(struct reg *r, ts_t now)
{
	(void)now;
	r->removing = false;
	r->answered = 0;
	ask(r, REG_AWAIT_ANSWER);
}

int reg_move(struct reg *r, struct slice contact_uri, ts_t now)
{
	char *contact = mem_strndup(contact_uri.p, contact_uri.n);

	if (!contact)
		return -ENOMEM;
	if (r->bound_until == TS_NEVER) { /* nobody knows it */
		mem_free(r->contact);
	} else {
		mem_free(r->left);
		r->left = r->contact;
	}
	r->contact = contact;
	r->bound_until = TS_NEVER;
	reg_start(r, now);
	return 0;
}

void reg_remove(struct reg *r, ts_t now)
{
	(void)now;
	r->removing = true;
	r->answered = 0;
	ask(r, REG_REMOVING);
}

bool reg_take_request(struct reg *r, struct buf *b, enum transport transport,
	const struct addr *sent_by, struct slice branch)
{
	if (!r->want_send)
		return false;
	r->want_send = false;
	sip_put_request_line(b, "REGISTER", slice_str(r->registrar_uri));
	sip_put_via(b, transport, sent_by, branch);
	buf_puts(b, "Max-Forwards: 70\r\n");
	buf_printf(b, "From: <%s>;tag=%s\r\nTo: <%s>\r\n", r->aor, r->tag, r->aor);
	buf_printf(b, "Call-ID: %s\r\nCSeq: %u REGISTER\r\n", r->call_id, ++r->cseq);
	/* First what goes: a registrar that grants one Contact a user takes the other then. */
	if (r->left)
		buf_printf(b, "Contact: <%s>;expires=0\r\n", r->left);
	buf_printf(b, "Contact: <%s>", r->contact);
	if (r->instance[0])
		buf_printf(b, ";+sip.instance=\"<%s>\"", r->instance);
	buf_printf(b, ";expires=%u\r\n", r->removing ? 0 : r->expires_s);
	buf_printf(b, "Expires: %u\r\n", r->removing ? 0 : r->expires_s);
	/* RFC 3327 section 5.1: else a registrar behind an edge proxy may say 420. */
	buf_printf(b, "Supported: path%s\r\n", r->instance[0] ? ", gruu" : "");
	if (r->user_agent[0])
		sip_put_header(b, "User-Agent", slice_str(r->user_agent));
	if (r->digest)
		digest_client_put(r->digest, b, "REGISTER", slice_str(r->registrar_uri));
	sip_put_body(b, SLICE_NONE);
	return true;
}

static void fail(struct reg *r, enum reg_outcome outcome)
{
	r->state = REG_FAILED;
	r->outcome = outcome;
	r->refresh = TS_NEVER;
}

/* The same request once more, with what the response asked for. */
static void again(struct reg *r)
{
	ask(r, r->removing ? REG_REMOVING : REG_AWAIT_ANSWER);
}

static void challenged(struct reg *r, const struct sip_msg *response)
{
	if (!r->digest) {
		fail(r, REG_NO_CREDENTIALS);
		return;
	}
	int err = digest_client_push_challenge(r->digest, response);
	if (err == ERR_UNSUPPORTED)
		fail(r, REG_UNSUPPORTED_AUTH);
	else if (err == ERR_LIMIT || (!err && ++r->answered > ANSWERED_MAX))
		fail(r, REG_CHALLENGE_LOOP);
	else if (err)
		fail(r, REG_BAD_CREDENTIALS);
	else
		again(r);
}

/* Section 10.2.4: the registrar's word counts, in the Contact before the Expires header. */
static unsigned granted(const struct reg *r, const struct sip_msg *response, struct slice params)
{
	uint64_t seconds = r->expires_s;
	struct slice expires;

	slice_u64(sip_msg_value(response, SIP_HDR_EXPIRES), UINT32_MAX, &seconds);
	if (sip_param_find(params, "expires", &expires))
		slice_u64(expires, UINT32_MAX, &seconds);
	return (unsigned)seconds;
}

/* RFC 5627 section 4.2: the public one, which names the address of the user. */
static void take_gruu(struct reg *r, struct slice params)
{
	struct slice value;

	buf_clear(&r->gruu);
	if (sip_param_find(params, "pub-gruu", &value))
		sip_put_unquoted(&r->gruu, value);
	if (buf_err(&r->gruu))
		buf_clear(&r->gruu);
}

/* No user and no password: whose they are is known. */
static void add_other(struct reg *r, const struct sip_uri *uri)
{
	struct buf b;

	buf_init(&b, sizeof(r->other_hosts) - 1);
	buf_puts(&b, r->other_hosts);
	buf_puts(&b, r->others ? ", " : "");
	buf_put(&b, uri->host);
	if (uri->port)
		buf_printf(&b, ":%u", uri->port);
	if (!buf_err(&b))
		slice_cstr(buf_slice(&b), r->other_hosts, sizeof(r->other_hosts));
	buf_done(&b);
	r->others++;
}

/* RFC 5626 section 4.1: a Contact of this very instance, and not of this run. */
static bool is_left(const struct reg *r, struct slice params)
{
	struct buf own, its;
	struct slice value;

	if (!r->instance[0] || !sip_param_find(params, "+sip.instance", &value))
		return false;
	buf_init(&own, INSTANCE_MAX);
	buf_init(&its, INSTANCE_MAX);
	buf_printf(&own, "<%s>", r->instance);
	sip_put_unquoted(&its, value);
	const bool ret =
		!buf_err(&own) && !buf_err(&its) && slice_eq(buf_slice(&own), buf_slice(&its));
	buf_done(&own);
	buf_done(&its);
	return ret;
}

/* Looks through the bindings of a 200 for our own; all others are only counted, but for what we
 * left behind ourselves. */
static bool find_own(struct reg *r, const struct sip_msg *response)
{
	struct sip_uri own;
	struct where where;
	bool found = false;
	unsigned at = 0;

	r->others = 0;
	r->other_hosts[0] = '\0';
	if (sip_uri_decode(slice_str(r->contact), &own, &where))
		return false;
	for (const struct sip_hdr *h; (h = sip_msg_find(response, SIP_HDR_CONTACT, &at));) {
		struct slice rest = h->value, value;

		while (sip_hdr_next(&rest, &value)) {
			struct sip_nameaddr contact;

			if (sip_nameaddr_decode(value, &contact, &where))
				continue;
			if (!sip_uri_equal(&contact.uri, &own)) {
				if (!r->left && is_left(r, contact.params))
					r->left =
						mem_strndup(contact.uri_text.p, contact.uri_text.n);
				add_other(r, &contact.uri);
				continue;
			}
			r->granted_s = granted(r, response, contact.params);
			take_gruu(r, contact.params);
			found = r->granted_s > 0;
		}
	}
	return found;
}

/* RFC 3608 section 6.1: the last 200's counts, and all its values in their order. */
static void take_service_route(struct reg *r, const struct sip_msg *response)
{
	struct buf *b = &r->service_route;

	buf_clear(b);
	for (unsigned i = 0; i < response->n_hdrs; i++) {
		const struct sip_hdr *h = &response->hdrs[i];

		if (!slice_ieqs(h->name, "Service-Route"))
			continue;
		buf_puts(b, buf_len(b) ? ", " : "");
		sip_put_header_text(b, h->value);
	}
	if (buf_err(b))
		buf_clear(b);
}

/* Section 10.2.4: early enough for a lost request and its repetitions. */
static ts_t refresh_after(unsigned granted_s)
{
	return TS_S(granted_s) / 4 * 3;
}

static void accepted(struct reg *r, const struct sip_msg *response, ts_t now)
{
	r->left = mem_free(r->left);
	const bool own = find_own(r, response);

	r->outcome = REG_OK;
	if (r->removing) {
		r->state = REG_REMOVED;
		r->granted_s = 0;
		r->bound_until = TS_NEVER;
		return;
	}
	if (!own) {
		fail(r, REG_NO_BINDING);
		return;
	}
	if (r->left && r->swept++ < LEFT_MAX) {
		again(r);
		return;
	}
	r->left = mem_free(r->left);
	take_service_route(r, response);
	r->state = REG_REGISTERED;
	r->refresh = ts_add(now, refresh_after(r->granted_s));
	r->bound_until = ts_add(now, TS_S(r->granted_s));
}

/* Section 10.3 item 7: 423 names the shortest time that is granted. */
static void too_brief(struct reg *r, const struct sip_msg *response)
{
	uint64_t min;

	if (!slice_u64(sip_msg_value(response, SIP_HDR_MIN_EXPIRES), MIN_EXPIRES_MAX, &min) ||
		min <= r->expires_s || ++r->answered > ANSWERED_MAX) {
		fail(r, REG_REJECTED);
		return;
	}
	r->expires_s = (unsigned)min;
	again(r);
}

void reg_push_response(struct reg *r, const struct sip_msg *response, ts_t now)
{
	int status = response->status;

	if (status < 200 || (r->state != REG_AWAIT_ANSWER && r->state != REG_REMOVING))
		return;
	/* An answer to an earlier request, as after reg_remove() while a REGISTER was out. */
	if (r->want_send || response->cseq != r->cseq)
		return;
	r->status = status;
	if (status == 401 || status == 407)
		challenged(r, response);
	else if (status < 300)
		accepted(r, response, now);
	else if (status == 423 && !r->removing)
		too_brief(r, response);
	else
		fail(r, REG_REJECTED);
}

void reg_push_timeout(struct reg *r, ts_t now)
{
	(void)now;
	if (r->state == REG_AWAIT_ANSWER || r->state == REG_REMOVING)
		fail(r, REG_TIMEOUT);
}

void reg_push_time(struct reg *r, ts_t now)
{
	if (now >= r->refresh)
		reg_start(r, now);
}

ts_t reg_deadline(const struct reg *r)
{
	return r->refresh;
}

enum reg_state reg_state(const struct reg *r)
{
	return r->state;
}

enum reg_outcome reg_outcome(const struct reg *r, int *status)
{
	*status = r->status;
	return r->outcome;
}

struct slice reg_service_route(const struct reg *r)
{
	return buf_slice(&r->service_route);
}

struct slice reg_gruu(const struct reg *r)
{
	return buf_slice(&r->gruu);
}

unsigned reg_expires_s(const struct reg *r)
{
	return r->granted_s;
}

ts_t reg_bound_until(const struct reg *r)
{
	return r->bound_until;
}

unsigned reg_other_bindings(const struct reg *r)
{
	return r->others;
}

const char *reg_others(const struct reg *r)
{
	return r->other_hosts;
}
