/* A run begins: its secrets are read, its certificates are found, and it goes to the runs. */
#include <string.h>

#include "app/secret.h"
#include "app/sweeper.h"
#include "base/mem.h"
#include "conf/pairs.h"
#include "watcher/private.h"
#include "watcher/via.h"

struct secrets {
	char user[SECRET_MAX + 1], receiver[SECRET_MAX + 1];
};

/* What keeps a run from beginning is never the fault of what it tests. */
static void not_run(struct watcher *w, struct watched *t, enum reason reason,
	enum probe_phase phase, const struct text *why)
{
	const struct watcher_end end = {
		.is_own_fault = true, .reason = reason, .phase = phase, .attempts = 1, .why = why
	};

	if (!t->was_not_run) {
		struct buf *b = watch_log_begin(&w->log, WATCH_NOT_RUN);
		log_str(b, "test", slice_str(t->plan->key));
		log_str(b, "reason", slice_str(reason_id(reason)));
		watch_log_put(b, why);
		watch_log_end(&w->log, WATCH_NOT_RUN);
	}
	t->was_not_run = true;
	watcher_finish(w, t, &end);
}

static int read_one(
	struct watcher *w, struct watched *t, const char *path, char *ret, enum probe_phase phase)
{
	struct text why;

	if (!path || secret_read(path, w->file.conf->secrets_group.s, ret, &why) == 0)
		return 0;
	not_run(w, t, REASON_LOCAL_SECRET, phase, &why);
	return ERR_SECRET;
}

static int read_secrets(struct watcher *w, struct watched *t, struct secrets *ret)
{
	const struct plan_test *p = t->plan;
	int err = read_one(w, t, p->password_file, ret->user, PHASE_SIP_REGISTER);

	return err ? err
		   : read_one(w, t, p->receiver_password_file, ret->receiver,
			     p->kind == CONF_TEST_INTERNAL ? PHASE_SIP_REGISTER : PHASE_XMPP_AUTH);
}

static int find_trust(struct watcher *w, struct watched *t, struct probe_cfg *ret)
{
	struct text why;
	int err = trusts_find(&w->trusts, t->plan->sip_ca_file, t->run, &ret->sip_trust, &why);

	if (!err)
		err = trusts_find(
			&w->trusts, t->plan->xmpp_ca_file, t->run, &ret->xmpp_trust, &why);
	if (w->trusts.n_replaced)
		trusts_forget(&w->trusts, roster_oldest_run(&w->roster, t->run));
	if (err)
		not_run(w, t, REASON_LOCAL_CONFIG, PHASE_COUNT, &why);
	return err;
}

/* A watcher and an account are one device at the registrar, over restarts: FNV-1a of both. */
static uint64_t device_of(const struct watcher *w, const struct plan_test *p, unsigned account)
{
	const char *const parts[] = { w->device, w->file.plan->history_file, p->accounts[account] };
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < COUNT(parts); i++)
		for (const char *c = parts[i] ? parts[i] : ""; *c; c++)
			hash = (hash ^ (uint8_t)*c) * UINT64_C(0x100000001b3);
	return hash ? hash : 1;
}

static struct probe_cfg probe_of(const struct plan_test *p, const struct secrets *secrets)
{
	enum probe_direction direction = PROBE_TO;

	(void)probe_direction_find(slice_str(p->direction), &direction);
	return (struct probe_cfg){ .direction = direction,
		.target_fqdn = slice_str(p->pool),
		.user = slice_str(p->user),
		.auth_user = slice_str(p->auth_user),
		.password = slice_str(secrets->user),
		.registrar = slice_str(p->registrar),
		.registrar_port = p->registrar_port,
		.receiver = slice_str(p->receiver),
		.has_receiver_password = p->receiver_password_file != NULL,
		.receiver_password = slice_str(secrets->receiver),
		.receiver_server = slice_str(p->receiver_server),
		.accept = { p->accept[SIDE_SIP], p->accept[SIDE_XMPP] },
		.timeout = p->timeout,
		.count = 1,
		.settle = PROBE_SETTLE };
}

static struct sweep_cfg sweep_of(const struct plan_test *p, const struct probe_cfg *probe)
{
	const bool is_pool = p->pool != NULL;
	struct sweep_cfg cfg = { .side = is_pool ? SWEEP_POOL : SWEEP_PARTNER,
		.name = slice_str(is_pool ? p->pool : p->domain),
		.server = slice_str(is_pool ? p->registrar : p->receiver_server),
		.peer_server = slice_str(p->peer_server),
		.extent = p->kind == CONF_TEST_PARTNER ? SWEEP_FEDERATION : SWEEP_ALL,
		.registrar_port = p->registrar_port,
		.trust = is_pool ? probe->sip_trust : probe->xmpp_trust,
		.timeout = p->timeout,
		.row_timeout = ts_min(p->timeout, SWEEPER_ROW_TIMEOUT) };

	for (size_t i = 0; p->domains && i < p->domains->n && i < SWEEP_DOMAINS_MAX; i++)
		cfg.domains[cfg.n_domains++] = slice_str(p->domains->v[i].s);
	return cfg;
}

static struct run_cfg cfg_of(const struct plan_test *p, const struct probe_cfg *probe)
{
	static const enum run_kind kinds[] = {
		[CONF_TEST_IM] = RUN_IM,
		[CONF_TEST_REGISTER] = RUN_REGISTER,
		[CONF_TEST_INTERNAL] = RUN_INTERNAL,
		[CONF_TEST_SERVERS] = RUN_SERVERS,
		[CONF_TEST_PARTNER] = RUN_SERVERS,
	};
	struct run_cfg cfg = { .kind = kinds[p->kind],
		/* A refusal that is wanted is no failure to be tried again. */
		.retries = p->expected ? 0 : p->retries,
		.pause = p->retry_pause,
		.trace = !conf_test_is_sweep(p->kind),
		.probe = *probe,
		.reader_auth_user = slice_str(p->receiver_auth_user) };

	if (conf_test_is_sweep(p->kind))
		cfg.sweeps[cfg.n_sweeps++] = sweep_of(p, probe);
	return cfg;
}

static enum reason reason_of(int err)
{
	if (err == ERR_CONFIG || err == -EINVAL)
		return REASON_LOCAL_CONFIG;
	return err == ERR_LIMIT ? REASON_LOCAL_BUSY : REASON_LOCAL_INTERNAL;
}

static void start(struct watcher *w, struct watched *t, struct secrets *secrets)
{
	struct text why = TEXT_PLAIN(N_("there is no memory, or no room, for one more run"));

	if (read_secrets(w, t, secrets))
		return;
	struct probe_cfg probe = probe_of(t->plan, secrets);
	probe.device = w->store ? device_of(w, t->plan, 0) : 0;
	if (find_trust(w, t, &probe))
		return;
	struct run_cfg cfg = cfg_of(t->plan, &probe);
	cfg.reader_device = w->store ? device_of(w, t->plan, 1) : 0;
	int err = runs_start(w->runs, &cfg, t->run, t, &why);
	if (err)
		not_run(w, t, reason_of(err), PHASE_COUNT, &why);
	else
		t->was_not_run = false;
}

void watcher_begin(struct watcher *w, const struct schedule_event *ev)
{
	struct watched *t = roster_of_place(ev->test);
	struct secrets secrets = { "", "" };

	t->scheduled_at = ev->scheduled_at;
	t->late_us = ev->late_us;
	t->waited = ev->waited;
	t->is_by_hand = ev->is_by_hand;
	t->run = ++w->n_runs;
	if (roster_is_leaving(t) || w->is_stopping) {
		via_push_dropped(w, t);
		roster_push_done(&w->roster, t, pump_now(w->pump));
		return;
	}
	t->in_maintenance = plan_test_in_maintenance(t->plan, t->scheduled_at);
	start(w, t, &secrets);
	mem_wipe(&secrets, sizeof(secrets));
}
