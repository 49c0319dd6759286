#include "app/gateway_ctl.h"

#include <unistd.h>

#include "net/loop.h"
#include "report/json.h"

enum { WORST_PEERS = 10 };

static void put(json_t *o, struct buf *ret)
{
	/* What memory did not suffice for is an empty answer, which is none. */
	if (report_json_put(ret, o, JSON_INDENT(2)) == 0)
		buf_putc(ret, '\n');
}

static json_t *time_or_null(int64_t us)
{
	return us ? report_json_time(us) : json_null();
}

static json_t *counters(const struct gateway *g)
{
	json_t *o = json_object();
	const char *name;
	uint64_t n;

	for (size_t i = 0; gateway_counter(g, i, &name, &n); i++)
		report_json_set(o, name, json_integer((json_int_t)n));
	return o;
}

static json_t *age_or_null(ts_t began, ts_t now)
{
	return began == TS_NEVER ? json_null() : report_json_seconds(now - began);
}

static json_t *in_hand(const struct gateway *g, ts_t now)
{
	const struct gateway_load load = gateway_load(g);
	json_t *o = json_object();

	report_json_set(o, "to_xmpp", json_integer(load.to_xmpp));
	report_json_set(o, "oldest_to_xmpp_seconds", age_or_null(load.oldest_to_xmpp, now));
	report_json_set(o, "to_sip", json_integer(load.to_sip));
	report_json_set(o, "oldest_to_sip_seconds", age_or_null(load.oldest_to_sip, now));
	report_json_set(o, "failures_untold", json_integer(load.untold));
	return o;
}

static json_t *ended(const struct gateway *g)
{
	json_t *o = json_object();

	for (enum gateway_way way = 0; way < GATEWAY_WAYS; way++) {
		json_t *one = json_object();

		for (enum gateway_outcome i = 0; i < GATEWAY_OUTCOMES; i++)
			report_json_set(one, gateway_outcome_name(i),
				json_integer((json_int_t)gateway_ended(g, way, i)));
		report_json_set(o, gateway_way_name(way), one);
	}
	return o;
}

static json_t *worst_peers(const struct gateway *g)
{
	json_t *a = json_array();
	struct gateway_peer peer;

	for (size_t i = 0; i < WORST_PEERS && gateway_peer(g, i, &peer); i++) {
		json_t *o = json_object();

		report_json_set(o, "peer", report_json_slice(peer.name));
		report_json_set(o, "refused", json_integer((json_int_t)peer.refused));
		report_json_set(o, "timeouts", json_integer((json_int_t)peer.timeouts));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *needs_restart(const struct gateway_view *v)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < v->n_needs_restart; i++)
		json_array_append_new(a, json_string(v->needs_restart[i]));
	return a;
}

static json_t *age(int64_t at)
{
	return at ? json_integer((loop_wall() - at) / 1000000) : json_null();
}

static json_t *xmpp(const struct gateway_view *v)
{
	json_t *o = json_object();

	report_json_set(o, "component", report_json_string(v->component));
	report_json_set(o, "server", report_json_string(v->server));
	report_json_set(o, "connected", json_boolean(gateway_is_up(v->gateway)));
	report_json_set(o, "since", time_or_null(v->changed));
	report_json_set(o, "last_error", report_json_string_or_null(v->last_error));
	report_json_set(o, "last_error_at", time_or_null(v->failed));
	report_json_set(o, "last_error_age_seconds", age(v->failed));
	return o;
}

static json_t *configuration(const struct gateway_view *v)
{
	json_t *o = json_object();

	report_json_set(o, "file", report_json_string(v->config->path));
	report_json_set(o, "read_at", time_or_null(v->loaded));
	report_json_set(o, "last_reload_refused", json_boolean(v->refused));
	report_json_set(o, "needs_restart", needs_restart(v));
	report_json_set(o, "pools", json_integer((json_int_t)v->config->conf->n_pools));
	report_json_set(o, "partners", json_integer((json_int_t)v->config->conf->n_partners));
	report_json_set(o, "trusted_peers", json_integer(v->config->cfg.n_trusted));
	return o;
}

void gateway_ctl_status(const struct gateway_view *v, ts_t now, struct buf *ret)
{
	json_t *o = json_object();

	report_json_set(o, "schema", json_string("stox.status/1"));
	report_json_set(o, "version", json_string(STOX_VERSION));
	report_json_set(o, "pid", json_integer(getpid()));
	report_json_set(o, "started_at", time_or_null(v->started));
	report_json_set(o, "configuration", configuration(v));
	report_json_set(o, "xmpp", xmpp(v));
	report_json_set(o, "last_warning", report_json_string_or_null(v->log->last_warning));
	report_json_set(o, "last_warning_at", time_or_null(v->log->warned));
	report_json_set(o, "last_warning_age_seconds", age(v->log->warned));
	report_json_set(o, "messages", ended(v->gateway));
	report_json_set(o, "in_hand", in_hand(v->gateway, now));
	report_json_set(o, "worst_peers", worst_peers(v->gateway));
	report_json_set(o, "counters", counters(v->gateway));
	put(o, ret);
}

static json_t *message(const struct gateway_message *m)
{
	json_t *o = json_object();

	report_json_set(o, "ended_at", report_json_time((int64_t)m->ended + loop_wall_offset()));
	report_json_set(o, "toward", json_string(gateway_way_name(m->way)));
	report_json_set(o, "from", report_json_slice(m->from));
	report_json_set(o, "to", report_json_slice(m->to));
	report_json_set(o, "stanza_id", report_json_slice(m->stanza_id));
	report_json_set(o, "call_id", report_json_slice(m->call_id));
	report_json_set(o, "outcome", json_string(gateway_outcome_name(m->outcome)));
	report_json_set(o, "status", m->status ? json_integer(m->status) : json_null());
	report_json_set(o, "cause", report_json_string_or_null(m->cause));
	report_json_set(o, "seconds", report_json_seconds(m->ended - m->began));
	return o;
}

void gateway_ctl_messages(const struct gateway_view *v, struct buf *ret)
{
	json_t *o = json_object(), *list = json_array();
	struct gateway_message m;

	for (size_t i = 0; gateway_message(v->gateway, i, &m); i++)
		json_array_insert_new(list, 0, message(&m));
	report_json_set(o, "schema", json_string("stox.messages/1"));
	report_json_set(o, "messages", list);
	put(o, ret);
}

static json_t *texts(const struct conf_texts *list)
{
	json_t *a = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(a, report_json_string(list->v[i].s));
	return a;
}

static json_t *partner(const struct conf_partner *p)
{
	json_t *o = json_object();

	report_json_set(o, "domain", report_json_string(p->domain.s));
	report_json_set(o, "additional_domains", texts(&p->additional_domains));
	report_json_set(o, "type", json_string(conf_partner_type_name(p->type.value)));
	return o;
}

void gateway_ctl_partners(const struct gateway_view *v, struct buf *ret)
{
	const struct conf *conf = v->config->conf;
	json_t *o = json_object(), *partners = json_array(), *pools = json_array();

	for (size_t i = 0; i < conf->n_pools; i++) {
		json_t *pool = json_object();

		report_json_set(pool, "fqdn", report_json_string(conf->pools[i].fqdn.s));
		report_json_set(pool, "domains", texts(&conf->pools[i].domains));
		json_array_append_new(pools, pool);
	}
	for (size_t i = 0; i < conf->n_partners; i++)
		json_array_append_new(partners, partner(&conf->partners[i]));
	report_json_set(o, "schema", json_string("stox.partners/1"));
	report_json_set(o, "pools", pools);
	report_json_set(o, "partners", partners);
	put(o, ret);
}

void gateway_ctl_reloaded(bool done, struct slice lines, struct buf *ret)
{
	json_t *o = json_object(), *list = json_array();
	struct buf line;

	buf_init(&line, 1 << 16);
	while (lines.n) { /* a path in them may be in any encoding */
		buf_clear(&line);
		buf_put(&line, slice_split(&lines, '\n'));
		json_array_append_new(list, report_json_string(buf_cstr(&line)));
	}
	buf_done(&line);
	report_json_set(o, "schema", json_string("stox.reload/1"));
	report_json_set(o, "reloaded", json_boolean(done));
	report_json_set(o, "lines", list);
	put(o, ret);
}

void gateway_ctl_level(enum log_level level, struct buf *ret)
{
	json_t *o = json_object();

	report_json_set(o, "schema", json_string("stox.log/1"));
	report_json_set(o, "level", json_string(log_level_name(level)));
	put(o, ret);
}

void gateway_ctl_refuse(const char *why, struct buf *ret)
{
	json_t *o = json_object();

	report_json_set(o, "error", json_string(why));
	put(o, ret);
}
