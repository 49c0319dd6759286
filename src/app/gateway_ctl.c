#include "app/gateway_ctl.h"

#include <unistd.h>

#include "report/json.h"

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

static json_t *in_hand(const struct gateway *g)
{
	const struct gateway_load load = gateway_load(g);
	json_t *o = json_object();

	report_json_set(o, "to_xmpp", json_integer(load.to_xmpp));
	report_json_set(o, "to_sip", json_integer(load.to_sip));
	report_json_set(o, "failures_untold", json_integer(load.untold));
	return o;
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
	return o;
}

static json_t *configuration(const struct gateway_view *v)
{
	json_t *o = json_object();

	report_json_set(o, "file", report_json_string(v->config->path));
	report_json_set(o, "read_at", time_or_null(v->loaded));
	report_json_set(o, "last_reload_refused", json_boolean(v->refused));
	report_json_set(o, "pools", json_integer((json_int_t)v->config->conf->n_pools));
	report_json_set(o, "partners", json_integer((json_int_t)v->config->conf->n_partners));
	report_json_set(o, "trusted_peers", json_integer(v->config->cfg.n_trusted));
	return o;
}

void gateway_ctl_status(const struct gateway_view *v, struct buf *ret)
{
	json_t *o = json_object();

	report_json_set(o, "schema", json_string("stox.status/1"));
	report_json_set(o, "version", json_string(STOX_VERSION));
	report_json_set(o, "pid", json_integer(getpid()));
	report_json_set(o, "started_at", time_or_null(v->started));
	report_json_set(o, "configuration", configuration(v));
	report_json_set(o, "xmpp", xmpp(v));
	report_json_set(o, "in_hand", in_hand(v->gateway));
	report_json_set(o, "counters", counters(v->gateway));
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
