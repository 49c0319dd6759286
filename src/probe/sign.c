/* The SIP user's registration: sign in, stay signed in, sign off (RFC 3261 section 10.2). */
#include <stdio.h>
#include <string.h>

#include "probe/private.h"

enum { EXPIRES_S = 300 }; /* a contact that a killed test leaves behind is gone in minutes */

static void write_contact(struct probe *p)
{
	static const char *const params[] = {
		[TRANSPORT_UDP] = "",
		[TRANSPORT_TCP] = ";transport=tcp",
		[TRANSPORT_TLS] = ";transport=tls",
	};
	char local[ADDR_TEXT_MAX];
	struct slice user =
		slice_cut(slice_str(p->sip.aor), 4, slice_chr(slice_str(p->sip.aor), '@'));

	snprintf(p->sip.contact, sizeof(p->sip.contact), "sip:%.*s@%s%s", SLICE_FMT(user),
		addr_text(&p->sip.local, local), params[p->sip.target.transport]);
}

/* RFC 4122 section 4.4: of chance, or always the same.  Without a number each run is a device of
 * its own. */
static void write_instance(struct probe *p, char *ret, size_t size)
{
	struct rng own, *rng = p->rng;

	if (p->cfg.device) {
		rng_init_number(&own, p->cfg.device);
		rng = &own;
	}
	const uint64_t a = rng_u64(rng), b = rng_u64(rng);

	snprintf(ret, size, "urn:uuid:%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32),
		(unsigned)(a >> 16 & 0xffff), (unsigned)(a & 0xfff),
		(unsigned)(b >> 48 & 0x3fff) | 0x8000, (unsigned long long)(b & 0xffffffffffff));
}

static int new_registration(struct probe *p)
{
	struct sip_side *s = &p->sip;
	char instance[64];
	/* Section 10.2: the Request-URI is the domain of the address-of-record, without a user. */
	const char *domain = strchr(s->aor, '@');
	char registrar[300];

	snprintf(registrar, sizeof(registrar), "sip:%s", domain ? domain + 1 : s->aor + 4);
	write_instance(p, instance, sizeof(instance));
	const struct reg_cfg cfg = {
		.registrar_uri = slice_str(registrar),
		.aor = slice_str(s->aor),
		.contact_uri = slice_str(s->contact),
		.instance = slice_str(instance),
		.user_agent = SLICE("stox"),
		.expires_s = EXPIRES_S,
		.digest = s->digest,
	};
	int err = reg_new(&s->reg, &cfg, p->rng);
	if (!err)
		reg_start(s->reg, p->now);
	return err;
}

/* A REGISTER when one is due; its own engine knows. */
static void send(struct probe *p)
{
	struct sip_side *s = &p->sip;
	struct slice branch;
	struct buf *b = probe_way_request(p, REQUEST_REGISTER, &branch);

	if (b && reg_take_request(s->reg, b, s->target.transport, &s->local, branch))
		probe_way_request_end(p, REQUEST_REGISTER);
}

void probe_sign_in(struct probe *p)
{
	struct sip_side *s = &p->sip;

	write_contact(p);
	s->state = SIP_REGISTERING;
	probe_begin(p, PHASE_SIP_REGISTER);
	probe_address(p, PHASE_SIP_REGISTER, &s->target.addr, s->target.transport);
	int err = s->reg ? reg_move(s->reg, slice_str(s->contact), p->now) : new_registration(p);
	if (err)
		probe_fail_memory(p, PHASE_SIP_REGISTER);
	else
		send(p);
}

/* ---- staying signed in ---- */

/* Two requests at once could be challenged at once, and the answer to the second would be taken for
 * a proof that is wrong: a refresh waits for the pool's answer to a message, while there is time.
 */
static ts_t refresh_at(const struct sip_side *s)
{
	const ts_t due = reg_deadline(s->reg);

	return s->places[REQUEST_MESSAGE] ? ts_add(due, TS_S(reg_expires_s(s->reg)) / 8) : due;
}

ts_t probe_sign_deadline(const struct probe *p)
{
	return p->sip.state == SIP_READY ? refresh_at(&p->sip) : TS_NEVER;
}

void probe_sign_time(struct probe *p)
{
	if (p->now < probe_sign_deadline(p))
		return;
	reg_push_time(p->sip.reg, p->now);
	send(p);
}

void probe_sign_renew(struct probe *p)
{
	struct sip_side *s = &p->sip;

	probe_sign_time(p);
	if (s->state == SIP_READY && s->places[REQUEST_REGISTER])
		s->state = SIP_REGISTERING;
}

/* ---- what the registrar says ---- */

/* An address of the user, and of this run alone: who answers to it answers nobody else. */
static void take_gruu(struct probe *p)
{
	struct sip_side *s = &p->sip;
	struct sip_uri uri;
	struct where where;
	struct jid jid;

	if (!slice_cstr(reg_gruu(s->reg), s->gruu, sizeof(s->gruu)) || !s->gruu[0] ||
		sip_uri_decode(slice_str(s->gruu), &uri, &where) ||
		address_to_jid(&uri, &jid, &where) || !jid_bare_eq(&jid, &p->user))
		s->gruu[0] = '\0';
}

static void registered(struct probe *p)
{
	struct sip_side *s = &p->sip;

	s->state = SIP_READY;
	take_gruu(p);
	const char *algorithm = digest_client_algorithm(s->digest);
	probe_detail(p, PHASE_SIP_REGISTER,
		TEXT(N_("{1}, granted for {2} s, other contacts left alone: {3}"),
			algorithm[0] ? text_str(algorithm) : text_id(N_("no authentication")),
			text_u64(reg_expires_s(s->reg)), text_u64(reg_other_bindings(s->reg))));
	probe_end(p, PHASE_SIP_REGISTER, PHASE_OK);
}

static void failed(struct probe *p, const struct sip_msg *m)
{
	int status;
	enum reg_outcome outcome = reg_outcome(p->sip.reg, &status);

	if (p->sip.state == SIP_REMOVING)
		probe_sign_over(p);
	else
		probe_fail_register(p, outcome, status, m);
}

bool probe_sign_answer(struct probe *p, const struct sip_msg *m)
{
	struct sip_side *s = &p->sip;
	const bool awaited = s->state == SIP_REGISTERING;

	probe_heard_server(p, m);
	reg_push_response(s->reg, m, p->now);
	switch (reg_state(s->reg)) {
	case REG_AWAIT_ANSWER: /* challenged, or 423 */
	case REG_REMOVING: send(p); break;
	case REG_REGISTERED:
		if (awaited)
			registered(p);
		return awaited;
	case REG_REMOVED: probe_sign_over(p); break;
	case REG_FAILED: failed(p, m); break;
	case REG_IDLE: break;
	}
	return false;
}

/* ---- the end ---- */

void probe_sign_over(struct probe *p)
{
	struct sip_side *s = &p->sip;

	s->state = SIP_OVER;
	if (s->flow)
		outbox_want(&p->out, WANT_CLOSE_FLOW)->flow = s->flow;
	probe_way_left(p);
}

/* Only our own contact goes; a user's other devices stay signed in. */
void probe_sign_off(struct probe *p)
{
	struct sip_side *s = &p->sip;

	if (!s->reg || (!s->flow && s->target.transport != TRANSPORT_UDP) ||
		(s->state < SIP_READY && reg_bound_until(s->reg) == TS_NEVER)) {
		probe_sign_over(p);
		return;
	}
	tl_withdraw(s->tl, s->places[REQUEST_MESSAGE]);
	s->state = SIP_REMOVING;
	reg_remove(s->reg, p->now);
	send(p);
}
