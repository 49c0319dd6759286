/* What a check of stox.yaml found, for people and as JSON. */
#include <assert.h>

#include "app/config_check.h"
#include "base/mem.h"
#include "report/json.h"

static const char *const severities[] = {
	[CONFIG_FAILURE] = "failure",
	[CONFIG_WARNING] = "warning",
	[CONFIG_NOTE] = "note",
};
static_assert(COUNT(severities) == CONFIG_SEVERITIES, "each has its name");

const char *config_severity_name(enum config_severity s)
{
	return severities[s];
}

/* ---- what was understood ---- */

struct counts {
	size_t domains, partner_domains, test_users, receivers;
};

static struct counts count(const struct conf *conf)
{
	struct counts n = { .partner_domains = conf->n_partners };

	for (size_t i = 0; i < conf->n_pools; i++) {
		n.domains += conf->pools[i].domains.n;
		n.test_users += conf->pools[i].n_test_users;
	}
	for (size_t i = 0; i < conf->n_partners; i++) {
		n.partner_domains += conf->partners[i].additional_domains.n;
		n.receivers += conf->partners[i].receiver.at.line > 0;
	}
	return n;
}

static void put(struct config_check *c, struct buf *b, struct text t)
{
	text_put(b, &t, c->look_up);
}

static void put_understood(struct config_check *c, struct buf *b)
{
	const struct conf *conf = c->config.conf;
	const struct counts n = count(conf);

	put(c, b,
		c->findings[CONFIG_WARNING].n
			? TEXT(N_("{1}: can be used; warnings: {2}."), text_str(c->config.path),
				  text_u64(c->findings[CONFIG_WARNING].n))
			: TEXT(N_("{1}: nothing wrong."), text_str(c->config.path)));
	buf_putc(b, ' ');
	put(c, b,
		TEXT(N_("Pools: {1} (domains: {2}, test users: {3}); partners: {4} (domains: {5}, "
			"receivers: {6});"),
			text_u64(conf->n_pools), text_u64(n.domains), text_u64(n.test_users),
			text_u64(conf->n_partners), text_u64(n.partner_domains),
			text_u64(n.receivers)));
	buf_putc(b, ' ');
	if (conf->gateway.at.line) {
		put(c, b,
			TEXT(N_("trusted peers: {1}; component {2} at {3};"),
				text_u64(c->config.cfg.n_trusted),
				text_str(conf->gateway.xmpp.component.name.s),
				text_str(conf->gateway.xmpp.component.server.s)));
		buf_putc(b, ' ');
	}
	put(c, b,
		c->secrets.n_files
			? TEXT(N_("secrets: {1}, readable by {2}."), text_u64(c->secrets.n_files),
				  text_slice(buf_slice(&c->secrets.names)))
			: TEXT_PLAIN(N_("secrets: none.")));
	buf_putc(b, '\n');
}

/* ---- the lines ---- */

/* The next line, taken from `rest`; where it says so, its place. */
static struct slice take_line(
	const struct config_check *c, struct slice *rest, struct conf_place *ret)
{
	const struct slice line = slice_split(rest, '\n');
	const struct slice path = slice_str(c->config.path);
	struct slice s = slice_skip(line, path.n + 1);
	uint64_t at_line, column;

	*ret = (struct conf_place){ 0 };
	if (!path.n || !slice_starts(line, path) ||
		!slice_u64(slice_split(&s, ':'), UINT32_MAX, &at_line) ||
		!slice_u64(slice_split(&s, ':'), UINT32_MAX, &column))
		return line;
	*ret = (struct conf_place){ (unsigned)at_line, (unsigned)column };
	return slice_skip(s, 1);
}

static void put_line(
	struct config_check *c, enum config_severity s, struct slice *rest, struct buf *b)
{
	static const char *const names[] = {
		[CONFIG_FAILURE] = N_("Failure: "),
		[CONFIG_WARNING] = N_("Warning: "),
		[CONFIG_NOTE] = N_("Note: "),
	};
	struct conf_place at;
	const struct slice text = take_line(c, rest, &at);

	if (at.line)
		buf_printf(b, "%s:%u:%u: ", c->config.path, at.line, at.column);
	put(c, b, TEXT_PLAIN(names[s]));
	buf_put(b, text);
	buf_putc(b, '\n');
}

void config_check_put_text(struct config_check *c, bool failures, struct buf *b)
{
	for (unsigned s = failures ? CONFIG_FAILURE : CONFIG_WARNING; s < CONFIG_SEVERITIES; s++) {
		struct slice rest = buf_slice(&c->lines[s]);

		while (rest.n > 0)
			put_line(c, (enum config_severity)s, &rest, b);
		if (c->findings[s].left_out) {
			put(c, b, TEXT(N_("... and {1} more."), text_u64(c->findings[s].left_out)));
			buf_putc(b, '\n');
		}
	}
	if (!c->findings[CONFIG_FAILURE].n)
		put_understood(c, b);
}

/* ---- JSON ---- */

static json_t *string(struct slice s)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	text_put_clean(&b, s);
	json_t *ret = json_string(buf_cstr(&b));
	buf_done(&b);
	return ret;
}

static json_t *place(unsigned n)
{
	return n ? json_integer(n) : json_null();
}

static json_t *findings(const struct config_check *c)
{
	json_t *list = json_array();

	for (unsigned s = 0; s < CONFIG_SEVERITIES; s++) {
		struct slice rest = buf_slice(&c->lines[s]);

		while (rest.n > 0) {
			struct conf_place at;
			const struct slice text = take_line(c, &rest, &at);

			json_array_append_new(
				list, json_pack("{s:s, s:o, s:o, s:o}", "severity", severities[s],
					      "line", place(at.line), "column", place(at.column),
					      "text", string(text)));
		}
	}
	return list;
}

static json_t *readers(const struct config_check *c)
{
	struct slice rest = buf_slice(&c->secrets.names);
	json_t *list = json_array();

	while (rest.n > 0)
		json_array_append_new(list, string(slice_trim(slice_split(&rest, ','))));
	return list;
}

static json_t *understood(const struct config_check *c)
{
	const struct conf *conf = c->config.conf;

	if (!conf)
		return json_null();
	const struct counts n = count(conf);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:o}", "pools",
		(json_int_t)conf->n_pools, "domains", (json_int_t)n.domains, "test_users",
		(json_int_t)n.test_users, "partners", (json_int_t)conf->n_partners,
		"partner_domains", (json_int_t)n.partner_domains, "receivers",
		(json_int_t)n.receivers, "gateway", conf->gateway.at.line > 0, "trusted_peers",
		(json_int_t)c->config.cfg.n_trusted, "secrets", (json_int_t)c->secrets.n_files,
		"secrets_readable_by", readers(c));
}

int config_check_put_json(struct config_check *c, int exit_status, bool strict, struct buf *b)
{
	unsigned left_out = 0;

	for (unsigned s = 0; s < CONFIG_SEVERITIES; s++)
		left_out += c->findings[s].left_out;
	json_t *o = json_pack("{s:s, s:o, s:s, s:i, s:b, s:i, s:i, s:i, s:i, s:o, s:o}", "schema",
		"stox.check-config/1", "file",
		c->config.path ? string(slice_str(c->config.path)) : json_null(), "result",
		exit_status ? "Failure" : "Success", "exit_status", exit_status, "strict", strict,
		"failures", (int)c->findings[CONFIG_FAILURE].n, "warnings",
		(int)c->findings[CONFIG_WARNING].n, "notes", (int)c->findings[CONFIG_NOTE].n,
		"left_out", (int)left_out, "findings", findings(c), "understood", understood(c));
	int err = report_json_put(b, o, JSON_INDENT(2));

	buf_putc(b, '\n');
	return err ? err : buf_err(b);
}
