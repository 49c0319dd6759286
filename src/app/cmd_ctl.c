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
#include "app/ctl_show.h"
#include "app/files.h"
#include "app/language.h"
#include "app/page.h"
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
		.manual =
			N_("The control socket, if it is neither the one of the configuration\n"
			   ".Pq Ic gateway.control.socket\nnor\n.Pa /run/stox-gateway/control .") },
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = N_("The configuration that names the socket, see\n.Xr stox.yaml 5 .") },
	{ "format", 'f', N_("FORMAT"), OPT_TEXT, AT(format), 0, 0, N_("form of the answer (text)"),
		.manual = N_("The form of the answer: text, or the JSON object as the gateway "
			     "gives it."),
		.words = format_words },
};

enum part {
	PART_STATUS,
	PART_MESSAGES,
	PART_PARTNERS,
	PART_RELOAD,
	PART_LOG,
};

static const struct opt_command parts[] = {
	[PART_STATUS] = { .name = "ctl status",
		.summary = N_("what a running gateway does, and what it has done"),
		.opts = opts,
		.n_opts = COUNT(opts) },
	[PART_MESSAGES] = { .name = "ctl messages",
		.summary = N_("the last messages that ended, and how"),
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
		.summary = N_("change the level of the log: error, warning, info or debug"),
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

	while ((n = read(fd, piece, sizeof(piece))) > 0 && !buf_err(ret))
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

static void (*const shows[])(struct sheet *p, const json_t *o) = {
	[PART_STATUS] = ctl_show_status,
	[PART_MESSAGES] = ctl_show_messages,
	[PART_PARTNERS] = ctl_show_partners,
	[PART_RELOAD] = ctl_show_reload,
	[PART_LOG] = ctl_show_level,
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
				: TEXT_PLAIN(N_("what answered is not a gateway, or stopped in the "
						"middle of its answer")));
	return error ? REFUSED : NOT_HERE;
}

/* The gateway cleans what its peers chose; a terminal is not to depend on it. */
static void say_clean(struct slice lines)
{
	struct buf b;

	buf_init(&b, CONTROL_ANSWER_MAX);
	while (lines.n) {
		text_put_clean(&b, slice_split(&lines, '\n'));
		buf_putc(&b, '\n');
	}
	fwrite(buf_slice(&b).p, 1, buf_len(&b), stdout);
	buf_done(&b);
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
	if (v->format && strcmp(v->format, "json") == 0) {
		fwrite(answer.p, 1, answer.n, stdout);
	} else {
		buf_init(&text, CONTROL_ANSWER_MAX);
		sheet_init(&p, &text, &style);
		shows[part](&p, o);
		sheet_done(&p);
		say_clean(buf_slice(&text));
		buf_done(&text);
	}
	const bool no = json_is_false(json_object_get(o, "reloaded"));
	json_decref(o);
	return no ? REFUSED : 0;
}

/* ---- the command ---- */

static int usage(FILE *to, int status)
{
	enum { WHAT_COLUMN = 13 };
	const struct text line = TEXT_PLAIN(N_("usage: stox ctl REQUEST [options]")),
			  summary = TEXT_PLAIN(all.summary),
			  more = TEXT_PLAIN(N_("`stox ctl REQUEST --help` lists the options of a "
					       "request."));
	struct page p;

	page_begin(&p, to, PAGE_COLUMNS_IN_A_FILE);
	page_say(&p, &line, 2);
	page_say(&p, &summary, 0);
	sheet_end(&p.sheet, 0);
	for (size_t i = 0; i < COUNT(parts); i++) {
		buf_puts(&p.sheet.line, "  ");
		page_row(
			&p, name_of((enum part)i), WHAT_COLUMN, language_look_up(parts[i].summary));
	}
	sheet_end(&p.sheet, 0);
	page_say(&p, &more, 0);
	page_end(&p);
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
	opt_complain(
		cmd, TEXT_PLAIN(N_("with that fault the configuration does not say which socket "
				   "to ask at: correct it, or give --socket FILE, such as "
				   "--socket /run/stox-gateway/control")));
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

int ctl_reload(const char *config)
{
	const struct values v = { .config = config };

	return request(PART_RELOAD, &v);
}

static bool is_word(opt_words *words, const char *name)
{
	const char *word, *what;

	for (size_t i = 0; name && words(i, &word, &what); i++)
		if (strcmp(name, word) == 0)
			return true;
	return false;
}

static int check_values(enum part part, const struct values *v)
{
	if (v->format && !is_word(format_words, v->format)) {
		opt_complain(&parts[part], TEXT(N_("unknown format `{1}`; there are {2}"),
						   text_str(v->format), text_str("text, json")));
		return BAD;
	}
	if (part == PART_LOG && !is_word(level_words, v->level)) {
		opt_complain(
			&parts[part], TEXT_PLAIN(N_("LEVEL is error, warning, info or debug")));
		return BAD;
	}
	return 0;
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
	const int status = check_values(part, &v);
	return status ? status : request(part, &v);
}

const struct command command_ctl = {
	.opt = &all, .run = cmd_ctl, .parts = parts, .n_parts = COUNT(parts)
};
