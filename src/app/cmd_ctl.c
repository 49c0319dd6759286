/* `stox ctl`: a running gateway is asked and told over its control socket. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/control.h"
#include "app/files.h"
#include "app/language.h"
#include "app/terminal.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	REFUSED = 1, /* the gateway said no */
	BAD = 2,
	NOT_HERE = 3, /* there is no gateway to ask, or it does not answer */
	PATIENCE_S = 10,
};

#define SOCKET_OF_THE_SERVICE "/run/stox-gateway/control"

struct values {
	const char *socket, *config, *format;
	const char *level; /* the argument of `log` */
};

#define AT(member) offsetof(struct values, member)

static bool format_words(size_t i, const char **word, const char **what)
{
	static const char *const words[] = { "text", "json" };

	if (i >= COUNT(words))
		return false;
	*word = words[i];
	*what = NULL;
	return true;
}

static bool level_words(size_t i, const char **word, const char **what)
{
	if (i > LOG_LEVEL_DEBUG)
		return false;
	*word = log_level_name((enum log_level)i);
	*what = NULL;
	return true;
}

static const struct opt opts[] = {
	{ "socket", 's', N_("FILE"), OPT_TEXT, AT(socket), 0, 0, N_("the control socket"),
		.manual = "The control socket, if it is not the one of the configuration "
			  "(\n.Ic gateway.control.socket )\nnor\n.Pa " SOCKET_OF_THE_SERVICE " ." },
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = "The configuration that names the socket, see\n.Xr stox.yaml 5 ." },
	{ "format", 'f', N_("FORMAT"), OPT_TEXT, AT(format), 0, 0, N_("form of the answer (text)"),
		.manual =
			"The form of the answer: text, or the JSON object as the gateway gives it.",
		.words = format_words },
};

enum part {
	PART_STATUS,
	PART_PARTNERS,
	PART_RELOAD,
	PART_LOG,
};

static const struct opt_command parts[] = {
	[PART_STATUS] = { .name = "ctl status",
		.summary = N_("what a running gateway does, and what it has done"),
		.opts = opts,
		.n_opts = COUNT(opts) },
	[PART_PARTNERS] = { .name = "ctl partners",
		.summary = N_("the pools and partners that are in force"),
		.opts = opts,
		.n_opts = COUNT(opts) },
	[PART_RELOAD] = { .name = "ctl reload",
		.summary = N_("read the configuration again"),
		.opts = opts,
		.n_opts = COUNT(opts) },
	[PART_LOG] = { .name = "ctl log",
		.summary = N_("change the level of the log"),
		.opts = opts,
		.n_opts = COUNT(opts),
		.argument = N_("LEVEL"),
		.argument_offset = AT(level),
		.argument_words = level_words },
};

static const char *name_of(enum part part)
{
	return parts[part].name + sizeof("ctl ") - 1;
}

static bool part_words(size_t i, const char **word, const char **what)
{
	if (i >= COUNT(parts))
		return false;
	*word = name_of((enum part)i);
	*what = parts[i].summary;
	return true;
}

static const struct opt_command all = { .name = "ctl",
	.summary = N_("ask a running gateway, or tell it something"),
	.argument = N_("REQUEST"),
	.argument_words = part_words,
	.section = 1 };

/* ---- the socket ---- */

/* That of the configuration, else that of the service.  To be freed.  A configuration with a fault
 * is the gateway's affair: `why` is for when nobody listens there.  NULL where it was named, and
 * names no socket that can be read: another gateway than its own is not to be asked. */
static char *find_socket(const struct values *v, struct buf *why)
{
	struct conf *conf = NULL;
	char *config = NULL, *path = NULL;

	if (v->socket)
		return mem_strdup(v->socket);
	const int err = config_read(v->config, &conf, &config, language_look_up, why);
	if (conf && conf->gateway.control.socket.s)
		path = config_path(config, conf->gateway.control.socket.s);
	else if (!err || !v->config)
		path = mem_strdup(SOCKET_OF_THE_SERVICE);
	conf_free(conf);
	free(config);
	return path;
}

static int connect_to(const char *path)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(at.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(at.sun_path, path, strlen(path));
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	const int err = errno;
	close(fd);
	errno = err;
	return -1;
}

static int read_all(int fd, struct buf *ret)
{
	uint8_t piece[4096];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0)
		buf_put(ret, slice_of(piece, (size_t)n));
	return n < 0 ? -errno : 0;
}

static int ask(
	const struct opt_command *cmd, const char *path, const char *request, struct buf *ret)
{
	const int fd = connect_to(path);
	int err = fd < 0 ? -errno : 0;

	if (!err && send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
		err = -errno;
	/* Who is refused may be closed on before the request is written: the refusal is there all
	 * the same. */
	if (!err || err == -EPIPE)
		err = read_all(fd, ret);
	if (fd >= 0)
		close(fd);
	if (err == -ECONNRESET ||
		err == -EPIPE) /* it has said all, and did not want to hear more */
		err = 0;
	if (err == -ENOENT || err == -ECONNREFUSED)
		opt_complain(cmd, TEXT(N_("no gateway listens at {1}: is it running, and with a "
					  "control socket (stox.yaml(5), "
					  "`gateway.control`)?"),
					  text_str(path)));
	else if (err == -EAGAIN)
		opt_complain(
			cmd, TEXT(N_("{1}: the gateway has not answered within {2} s: its process "
				     "is stopped, or hangs"),
				     text_str(path), text_u64(PATIENCE_S)));
	else if (err)
		opt_complain(cmd, TEXT(N_("{1}: {2}"), text_str(path), text_errno(-err)));
	else if (buf_slice(ret).n == 0)
		opt_complain(
			cmd, TEXT(N_("{1}: the gateway ended before it answered"), text_str(path)));
	return err || buf_slice(ret).n == 0 ? NOT_HERE : 0;
}

/* ---- what is shown ---- */

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "-";
}

static void row(struct sheet *p, const char *label, const char *value)
{
	enum { VALUE_COLUMN = 18 };

	buf_puts(&p->line, language_look_up(label));
	sheet_tab(p, VALUE_COLUMN);
	buf_puts(&p->line, value);
	sheet_end(p, VALUE_COLUMN);
}

static void row_number(struct sheet *p, const char *label, const json_t *value)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
	row(p, label, text);
}

/* "2026-11-30T15:22:06.043282Z" as people read it; what is finer than seconds does not matter. */
static const char *time_of(const json_t *o, const char *key, char ret[32])
{
	const char *text = text_of(o, key);

	if (strlen(text) > 19 && text[10] == 'T')
		snprintf(ret, 32, "%.10s %.8s UTC", text, text + 11);
	else
		snprintf(ret, 32, "%s", text);
	return ret;
}

static void show_status(struct sheet *p, const json_t *o)
{
	const json_t *xmpp = json_object_get(o, "xmpp"),
		     *conf = json_object_get(o, "configuration");
	const json_t *in_hand = json_object_get(o, "in_hand");
	const bool up = json_is_true(json_object_get(xmpp, "connected"));
	char text[700], at[32];

	snprintf(text, sizeof(text), "%s, %s %lld", text_of(o, "version"),
		language_look_up(N_("process")),
		(long long)json_integer_value(json_object_get(o, "pid")));
	row(p, N_("stox gateway"), text);
	row(p, N_("Running since"), time_of(o, "started_at", at));
	snprintf(text, sizeof(text), "%s: %s %s", text_of(xmpp, "server"),
		language_look_up(up ? N_("connected since") : N_("NOT connected since")),
		time_of(xmpp, "since", at));
	row(p, N_("XMPP server"), text);
	if (!json_is_null(json_object_get(xmpp, "last_error"))) {
		snprintf(text, sizeof(text), "%s: %s", time_of(xmpp, "last_error_at", at),
			text_of(xmpp, "last_error"));
		row(p, N_("Its last error"), text);
	}
	snprintf(text, sizeof(text), "%s, %s %s", text_of(conf, "file"),
		language_look_up(N_("read")), time_of(conf, "read_at", at));
	row(p, N_("Configuration"), text);
	if (json_is_true(json_object_get(conf, "last_reload_refused")))
		row(p, "", language_look_up(N_("the last reload was refused: its log says why")));
	row_number(p, N_("On way to XMPP"), json_object_get(in_hand, "to_xmpp"));
	row_number(p, N_("On way to SIP"), json_object_get(in_hand, "to_sip"));
	json_t *counters = json_object_get(o, "counters");
	for (void *i = json_object_iter(counters); i; i = json_object_iter_next(counters, i))
		if (json_integer_value(json_object_iter_value(i)))
			row_number(p, json_object_iter_key(i), json_object_iter_value(i));
}

static void put_domains(struct sheet *p, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		buf_printf(&p->line, " %s", json_string_value(json_array_get(list, i)));
	sheet_end(p, 4);
}

static void show_partners(struct sheet *p, const json_t *o)
{
	const json_t *pools = json_object_get(o, "pools"),
		     *partners = json_object_get(o, "partners");

	for (size_t i = 0; i < json_array_size(pools); i++) {
		const json_t *one = json_array_get(pools, i);

		buf_printf(&p->line, "%s %s:", language_look_up(N_("pool")), text_of(one, "fqdn"));
		put_domains(p, json_object_get(one, "domains"));
	}
	for (size_t i = 0; i < json_array_size(partners); i++) {
		const json_t *one = json_array_get(partners, i);

		buf_printf(&p->line, "%s %s", text_of(one, "type"), text_of(one, "domain"));
		put_domains(p, json_object_get(one, "additional_domains"));
	}
}

static void show_reload(struct sheet *p, const json_t *o)
{
	const json_t *lines = json_object_get(o, "lines");

	for (size_t i = 0; i < json_array_size(lines); i++) {
		buf_puts(&p->line, json_string_value(json_array_get(lines, i)));
		sheet_end(p, 4);
	}
}

static void show_level(struct sheet *p, const json_t *o)
{
	row(p, N_("Log level"), text_of(o, "level"));
}

static void (*const shows[])(struct sheet *p, const json_t *o) = {
	[PART_STATUS] = show_status,
	[PART_PARTNERS] = show_partners,
	[PART_RELOAD] = show_reload,
	[PART_LOG] = show_level,
};

/* NULL: what came is no answer. */
static int refused(const struct opt_command *cmd, const char *error)
{
	if (error && strcmp(error, CONTROL_NOT_PERMITTED) == 0) {
		opt_complain(cmd, TEXT_PLAIN(N_("the gateway does not answer you; who may ask is "
						"root, its own user and the group of "
						"`gateway.control`")));
		return NOT_HERE;
	}
	opt_complain(cmd, error ? TEXT(N_("the gateway says: {1}"), text_str(error))
				: TEXT_PLAIN(N_("what answered is no gateway, or ended in the "
						"middle of its answer")));
	return error ? REFUSED : NOT_HERE;
}

static int show(enum part part, const struct values *v, struct slice answer)
{
	json_t *o = json_loadb((const char *)answer.p, answer.n, 0, NULL);
	const char *error = json_string_value(json_object_get(o, "error"));
	const struct sheet_style style = terminal_style(stdout, TERMINAL_COLOUR_NEVER);
	struct buf text;
	struct sheet p;

	if (!o || error) {
		const int status = refused(&parts[part], error);

		json_decref(o);
		return status;
	}
	buf_init(&text, CONTROL_ANSWER_MAX);
	if (v->format && strcmp(v->format, "json") == 0)
		buf_put(&text, answer);
	else {
		sheet_init(&p, &text, &style);
		shows[part](&p, o);
		sheet_done(&p);
	}
	fwrite(buf_slice(&text).p, 1, buf_slice(&text).n, stdout);
	buf_done(&text);
	const bool no = json_is_false(json_object_get(o, "reloaded"));
	json_decref(o);
	return no ? REFUSED : 0;
}

/* ---- the command ---- */

static int usage(FILE *to, int status)
{
	say(to, TEXT_PLAIN(N_("usage: stox ctl REQUEST [options]")));
	say(to, TEXT_PLAIN(all.summary));
	fputc('\n', to);
	for (size_t i = 0; i < COUNT(parts); i++)
		fprintf(to, "  %-10s %s\n", name_of((enum part)i),
			language_look_up(parts[i].summary));
	return status;
}

static bool find_part(const char *word, enum part *ret)
{
	for (size_t i = 0; i < COUNT(parts); i++)
		if (strcmp(word, name_of((enum part)i)) == 0) {
			*ret = (enum part)i;
			return true;
		}
	return false;
}

/* Whose fault hid the socket that the configuration names. */
static void tell_configuration(const struct opt_command *cmd, struct buf *why)
{
	if (buf_len(why) == 0)
		return;
	opt_complain_lines(cmd, buf_cstr(why));
	opt_complain(cmd, TEXT_PLAIN(N_("so it is not known which socket the configuration names: "
					"mend it, or give --socket FILE")));
}

static int request(enum part part, const struct values *v)
{
	char line[CONTROL_REQUEST_MAX];
	struct buf answer, why;

	buf_init(&why, 1 << 16);
	buf_init(&answer, CONTROL_ANSWER_MAX);
	char *path = find_socket(v, &why);
	snprintf(line, sizeof(line), "%s%s%s\n", name_of(part), v->level ? " " : "",
		v->level ? v->level : "");
	int status = path ? ask(&parts[part], path, line, &answer) : BAD;
	if (status == NOT_HERE || !path)
		tell_configuration(&parts[part], &why);
	if (!status)
		status = show(part, v, buf_slice(&answer));
	buf_done(&answer);
	buf_done(&why);
	mem_free(path);
	return status;
}

static bool is_level(const char *name)
{
	const char *word, *what;

	for (size_t i = 0; name && level_words(i, &word, &what); i++)
		if (strcmp(name, word) == 0)
			return true;
	return false;
}

static int cmd_ctl(int argc, char **argv)
{
	struct values v = { 0 };
	enum part part;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return usage(stdout, 0);
	if (argc < 2)
		return usage(stderr, BAD);
	if (!find_part(argv[1], &part)) {
		opt_complain(&all, TEXT(N_("there is no request `{1}`"), text_str(argv[1])));
		return usage(stderr, BAD);
	}
	enum opt_result r = opt_parse(&parts[part], argc - 1, argv + 1, &v);
	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : BAD;
	if (part == PART_LOG && !is_level(v.level)) {
		opt_complain(
			&parts[part], TEXT_PLAIN(N_("LEVEL is error, warning, info or debug")));
		return BAD;
	}
	return request(part, &v);
}

const struct command command_ctl = {
	.opt = &all, .run = cmd_ctl, .parts = parts, .n_parts = COUNT(parts)
};
