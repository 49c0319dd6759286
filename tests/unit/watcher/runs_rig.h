/* runs_rig.h - a lab, its gateway and runs in one pump, on loopback.  Included by one program each.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "app/lab_private.h"
#include "base/mem.h"
#include "watcher/runs.h"

#define RIG_PASSWORD "one for all of them"

enum {
	RIG_RECEIVERS = 12
}; /* shared: what a SCRAM account costs is the lab's, not what is tested */

struct rig {
	struct bench bench;
	struct runs *runs;
	struct runs_done done;    /* the last one */
	unsigned n_done, n_until; /* the pump stops when so many are done */
	bool waits_for_lab;
	void (*each)(struct rig *r);  /* for each that is done; may be NULL */
	void (*woken)(struct rig *r); /* in each wake-up; may be NULL */
};

static struct rig rig;

static inline void rig_take_lab(struct rig *r)
{
	struct bench *b = &r->bench;
	struct lab_event ev;

	while (b->lab && lab_take_event(b->lab, &ev)) {
		assert_int_not_equal(ev.type, LAB_EV_FAILED);
		if (ev.type == LAB_EV_LISTENING)
			b->at[ev.what] = ev.addr;
		if (ev.type != LAB_EV_READY)
			continue;
		pump_use_dns(b->pump, &b->at[LAB_LISTEN_DNS]);
		assert_int_equal(lab_start_gateway(b), 0);
	}
}

static inline void rig_take_gateway(struct rig *r)
{
	struct bench *b = &r->bench;
	struct gateway_event ev;

	while (b->gateway && gateway_take_event(b->gateway, &ev)) {
		if (ev.type == GATEWAY_EV_LISTENING && ev.transport == TRANSPORT_UDP)
			lab_set_gateway(b->lab, &ev.addr);
		b->gateway_ready |= ev.type == GATEWAY_EV_UP;
	}
	if (r->waits_for_lab && b->gateway_ready) {
		r->waits_for_lab = false;
		pump_stop(b->pump);
	}
}

static inline void rig_drained(void *arg)
{
	struct rig *r = arg;

	rig_take_lab(r);
	rig_take_gateway(r);
	while (r->runs && runs_take_done(r->runs, &r->done)) {
		r->n_done++;
		if (r->each)
			r->each(r);
	}
	if (r->n_until && r->n_done >= r->n_until)
		pump_stop(r->bench.pump);
}

static inline void rig_woken(void *arg)
{
	struct rig *r = arg;

	if (r->woken)
		r->woken(r);
}

static inline void rig_add_users(struct lab_cfg *c, unsigned n)
{
	static struct lab_user sip_users[LAB_USERS_MAX], xmpp_users[RIG_RECEIVERS];

	for (unsigned i = 0; i < n; i++) {
		struct lab_user *u = &sip_users[i];

		snprintf(u->address, sizeof(u->address), "sip%u@" LAB_POOL_DOMAIN, i);
		snprintf(u->password, sizeof(u->password), RIG_PASSWORD);
	}
	for (unsigned i = 0; i < RIG_RECEIVERS; i++) {
		struct lab_user *u = &xmpp_users[i];

		snprintf(u->address, sizeof(u->address), "xmpp%u@" LAB_PARTNER_DOMAIN, i);
		snprintf(u->password, sizeof(u->password), RIG_PASSWORD);
	}
	c->sip_users = sip_users;
	c->n_sip_users = n;
	c->xmpp_users = xmpp_users;
	c->n_xmpp_users = RIG_RECEIVERS;
}

/* With so many SIP users; the lab is not started yet. */
static inline void rig_init(unsigned n_users)
{
	const struct runs_cfg runs = { .max = 0 };
	const struct pump_cfg cfg = { .drained = rig_drained, .woken = rig_woken, .arg = &rig };
	struct bench *b = &rig.bench;

	memset(&rig, 0, sizeof(rig));
	b->fault = &lab_fault_none;
	b->dead = (struct dead_end){ .fd = -1, .filler = -1 };
	runner_seed(&b->rng);
	buf_init(&b->ca, LAB_PEM_MAX);
	assert_int_equal(pump_new(&b->pump, &cfg), 0);
	assert_int_equal(lab_make_certificates(b), 0);
	rig_add_users(&b->lab_cfg, n_users);
	assert_int_equal(runs_new(&rig.runs, b->pump, &runs), 0);
}

static inline void rig_run(void)
{
	assert_int_equal(pump_run(rig.bench.pump), 0);
}

static inline void rig_start_lab(void)
{
	assert_int_equal(lab_start(&rig.bench), 0);
	rig.waits_for_lab = true;
	rig_run();
}

static inline void rig_done(void)
{
	struct bench *b = &rig.bench;

	runs_free(rig.runs);
	b->pump = pump_free(b->pump);
	gateway_free(b->gateway);
	lab_free(b->lab);
	partners_free(b->partners);
	authority_free(b->authority);
	buf_done(&b->ca);
	dead_end_close(&b->dead);
}

/* Until `n` more are done. */
static inline void rig_run_until(unsigned n)
{
	rig.n_until = rig.n_done + n;
	rig_run();
}

/* ---- what is tested ---- */

struct rig_names {
	char user[64], receiver[64], registrar[LAB_URI_MAX], server[ADDR_TEXT_MAX];
};

/* The i-th SIP user; its strings are in `names`. */
static inline struct run_cfg rig_cfg(
	struct rig_names *names, enum run_kind kind, enum transport transport, unsigned i)
{
	static const enum lab_listener listeners[] = { [TRANSPORT_UDP] = LAB_LISTEN_SIP_UDP,
		[TRANSPORT_TCP] = LAB_LISTEN_SIP_TCP,
		[TRANSPORT_TLS] = LAB_LISTEN_SIP_TLS };
	static const char *const words[] = {
		[TRANSPORT_UDP] = "udp", [TRANSPORT_TCP] = "tcp", [TRANSPORT_TLS] = "tls"
	};
	const struct addr *at = rig.bench.at;
	char text[ADDR_TEXT_MAX];

	snprintf(names->user, sizeof(names->user), "sip%u@" LAB_POOL_DOMAIN, i);
	snprintf(names->receiver, sizeof(names->receiver), "xmpp%u@" LAB_PARTNER_DOMAIN,
		i % RIG_RECEIVERS);
	snprintf(names->registrar, sizeof(names->registrar), "sip:%s;transport=%s",
		addr_text(&at[listeners[transport]], text), words[transport]);
	addr_text(&at[LAB_LISTEN_XMPP_CLIENT], names->server);
	return (struct run_cfg){ .kind = kind,
		.probe = { .target_fqdn = SLICE(LAB_POOL_FQDN),
			.user = slice_str(names->user),
			.password = SLICE(RIG_PASSWORD),
			.registrar = slice_str(names->registrar),
			.receiver = slice_str(names->receiver),
			.has_receiver_password = true,
			.receiver_password = SLICE(RIG_PASSWORD),
			.receiver_server = slice_str(names->server),
			.sip_trust = LAB_TRUST,
			.xmpp_trust = LAB_TRUST,
			.timeout = TS_S(60),
			.settle = PROBE_SETTLE } };
}

static inline void rig_start(const struct run_cfg *cfg, uint64_t id)
{
	struct text why;

	assert_int_equal(runs_start(rig.runs, cfg, id, NULL, &why), 0);
}
