/* A test that a watcher runs, with its own accounts: what it prints is made there, in the forms
 * that are asked for here. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "app/control.h"
#include "app/ctl_ask.h"
#include "app/file_out.h"
#include "app/language.h"
#include "app/outputs.h"
#include "app/peer_text.h"
#include "app/test_private.h"
#include "base/mem.h"
#include "base/str.h"

enum { BAD = 2, NOT_HERE = 3, PATIENCE_S = 900, QUERY_MAX = 1024 };

/* ---- what makes no sense here ---- */

static int refuse_others(const struct opt_command *cmd, const struct test_values *v)
{
	const struct test_values preset = TEST_VALUES_DEFAULT;
	const bool is_url = strstr(v->via, "://") != NULL;
	const struct {
		bool is_given;
		const char *name;
	} rows[] = {
		{ v->receiver, "receiver" },
		{ v->user && !is_url, "user" },
		{ v->auth_user, "auth-user" },
		{ v->password_file && !is_url, "password-file" },
		{ v->token_file && !is_url, "token-file" },
		{ v->certificate_file && !is_url, "certificate-file" },
		{ v->key_file && !is_url, "key-file" },
		{ v->registrar, "registrar" },
		{ v->registrar_port, "registrar-port" },
		{ v->receiver_password_file, "receiver-password-file" },
		{ v->receiver_server, "receiver-server" },
		{ v->direction, "direction" },
		{ v->ca_file && !is_url, "ca-file" },
		{ v->dns, "dns" },
		{ v->all, "all" },
		{ v->sweep, "sweep" },
		{ v->ipv4, "ipv4" },
		{ v->ipv6, "ipv6" },
		{ v->count != preset.count, "count" },
		{ v->interval != preset.interval, "interval" },
		{ v->timeout != preset.timeout, "timeout" },
		{ v->settle != preset.settle, "settle" },
		{ v->max_latency != preset.max_latency, "max-latency" },
		{ v->warning, "warning" },
		{ v->critical, "critical" },
		{ v->write_out, "write-out" },
		{ v->traces.n, "trace" },
		{ v->accepts.n, "accept" },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].is_given) {
			opt_complain(cmd, TEXT(N_("`--{1}` cannot be given with --via: the test is "
						  "one of the watcher's configuration"),
						  text_str(rows[i].name)));
			return BAD;
		}
	return 0;
}

/* ---- the question ---- */

static void put_value(struct buf *b, const char *key, const char *value)
{
	if (!value)
		return;
	buf_printf(b, "&%s=", key);
	for (; *value; value++) {
		const uint8_t c = (uint8_t)*value;

		if (ascii_is_alpha(c) || ascii_is_digit(c) || c == '.' || c == '-' || c == '_')
			buf_putc(b, c);
		else
			buf_printf(b, "%%%02X", c);
	}
}

static void put_query(struct buf *b, const struct test_values *v, const struct outputs *o)
{
	buf_puts(b, "formats=");
	if (o->standard)
		buf_puts(b, o->standard->name);
	for (unsigned i = 0; i < o->n_files; i++)
		buf_printf(b, "%s%s", i || o->standard ? "," : "", o->files[i].format->name);
	put_value(b, "pool", v->target);
	put_value(b, "partner", v->partner);
	/* A translation gives the name of its language. */
	put_value(b, "lang", language_look_up(N_("en")));
	buf_printf(b, "&verbose=%u&columns=%u&colour=%d", v->verbose < 2 ? v->verbose : 1,
		o->style.width, o->style.colour);
}

/* ---- the answer ---- */

static const json_t *find_output(const json_t *o, const char *format)
{
	const json_t *list = json_object_get(o, "outputs");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *name = json_string_value(json_object_get(one, "format"));

		if (name && strcmp(name, format) == 0 &&
			json_is_string(json_object_get(one, "text")))
			return one;
	}
	return NULL;
}

static struct slice text_of(const json_t *output)
{
	const json_t *text = json_object_get(output, "text");

	return slice_of(json_string_value(text), json_string_length(text));
}

static bool write_file(const json_t *o, const struct report_format *format, const char *path)
{
	const json_t *output = find_output(o, format->name);
	struct text why = TEXT(N_("{1}: the watcher gave nothing for it"), text_str(path));

	if (output && file_out_write(path, text_of(output), FILE_OUT_PUBLIC, &why) == 0)
		return true;
	fputs("stox: ", stderr);
	say(stderr, why);
	return false;
}

static bool print(struct slice text)
{
	struct buf b;

	buf_init(&b, CONTROL_ANSWER_MAX);
	peer_text_put(&b, text);
	const struct slice clean = buf_slice(&b);
	const bool ok = !buf_err(&b) && fwrite(clean.p, 1, clean.n, stdout) == clean.n &&
			fflush(stdout) == 0;
	buf_done(&b);
	return ok;
}

static int write_all(const struct opt_command *cmd, const json_t *o, const struct outputs *outputs)
{
	const json_t *standard = outputs->standard ? find_output(o, outputs->standard->name) : NULL;
	bool ok = true;

	if (outputs->standard && !standard)
		return ctl_refused(cmd, true, NULL);
	for (unsigned i = 0; i < outputs->n_files; i++)
		ok &= write_file(o, outputs->files[i].format, outputs->files[i].path);
	if (standard)
		ok &= print(text_of(standard));
	const json_t *status = json_object_get(standard ? standard : o, "status");
	const int ret = json_is_integer(status) ? (int)json_integer_value(status) : NOT_HERE;
	return ok || ret ? ret : NOT_HERE;
}

static int show(const struct opt_command *cmd, struct slice answer, const struct outputs *outputs)
{
	json_t *o = json_loadb((const char *)answer.p, answer.n, 0, NULL);
	const char *schema = json_string_value(json_object_get(o, "schema")),
		   *error = json_string_value(json_object_get(o, "error"));
	int status = NOT_HERE; /* 1 is for what the test says of its target */

	if (schema && strcmp(schema, "stox.via/1") == 0)
		status = write_all(cmd, o, outputs);
	else
		(void)ctl_refused(cmd, true, error);
	json_decref(o);
	return status;
}

/* ---- the command ---- */

/* Two halves of one thing. */
static int check_who(const struct opt_command *cmd, const struct test_values *v)
{
	if (!v->user == !v->password_file && !v->certificate_file == !v->key_file &&
		(v->password_file != NULL) + (v->token_file != NULL) < 2)
		return 0;
	opt_complain(
		cmd, TEXT_PLAIN(N_("who asks is --user with --password-file, or --token-file, or "
				   "--certificate-file with --key-file")));
	return BAD;
}

static int ask(const struct opt_command *cmd, const struct test_values *v,
	const struct outputs *outputs, test_post *post)
{
	const struct ctl_place place = { v->via, v->config, true };
	struct buf line, answer;

	buf_init(&line, QUERY_MAX);
	buf_init(&answer, CONTROL_ANSWER_MAX);
	if (!post)
		buf_puts(&line, "test ");
	put_query(&line, v, outputs);
	int status = buf_err(&line) ? BAD : 0;
	if (status)
		opt_complain(cmd, TEXT_PLAIN(err_text(ERR_LIMIT)));
	else if (post)
		status = post(cmd, v, buf_cstr(&line), &answer);
	else
		status = ctl_ask(cmd, &place, buf_cstr(&line), PATIENCE_S, &answer);
	if (!status)
		status = show(cmd, buf_slice(&answer), outputs);
	buf_done(&line);
	buf_done(&answer);
	return status;
}

int test_run_via(const struct opt_command *cmd, const struct test_values *v, test_post *post)
{
	const struct output_options options = { .format = v->format,
		.colour = v->color,
		.list = &v->outputs,
		.max_latency = TS_NEVER,
		.timeout = v->timeout };
	struct opt_command own = *cmd;
	struct outputs outputs;

	if (v->format && strcmp(v->format, "nagios") == 0)
		own.service = "STOX";
	int status = refuse_others(&own, v);
	if (!status)
		status = check_who(&own, v);
	if (!status) {
		status = outputs_plan(&outputs, &own, &options);
		if (!status)
			status = ask(&own, v, &outputs, strstr(v->via, "://") ? post : NULL);
		outputs_done(&outputs);
	}
	/* Whatever a plugin cannot do is unknown. */
	return status == BAD && own.service ? NOT_HERE : status;
}
