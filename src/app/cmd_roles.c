/* `stox roles`: who may do what with a running watcher. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/control.h"
#include "app/ctl_ask.h"
#include "app/language.h"
#include "app/page.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "watch/roles.h"

enum { BAD = 2, INDENT = 4 };

struct values {
	const char *can, *user, *socket, *config, *format;
	bool all;
};

#define AT(member) offsetof(struct values, member)

static bool command_names(size_t i, const char **word, const char **what)
{
	if (i >= ROLE_COMMANDS)
		return false;
	*word = role_command_name((enum role_command)i);
	*what = NULL;
	return true;
}

static const struct opt opts[] = {
	{ "can", 0, N_("COMMAND"), OPT_TEXT, AT(can), 0, 0, N_("the roles that may do this"),
		.manual = N_("The roles that may do this, and who has them."),
		.words = command_names },
	{ "user", 'u', N_("NAME"), OPT_TEXT, AT(user), 0, 0, N_("what somebody may"),
		.manual = N_("What somebody may: all who are called so, or one of them,\n.Li "
			     "local:alice ,\n.Li user:alice ,\n.Li token:prometheus\nor\n.Li "
			     "certificate:monitor.example.org .") },
	{ "all", 'a', NULL, OPT_FLAG, AT(all), 0, 0, N_("all roles, with their members"),
		.manual = N_("All roles, with their members.") },
	{ "socket", 's', N_("FILE"), OPT_TEXT, AT(socket), 0, 0, N_("the control socket"),
		.manual = N_("The control socket, if it is neither the one of the configuration\n"
			     ".Pq Ic watch.control.socket\nnor\n.Pa /run/stox-watch/control .") },
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = N_("The configuration that names the socket, see\n.Xr stox.yaml 5 .") },
	{ "format", 'f', N_("FORMAT"), OPT_TEXT, AT(format), 0, 0, N_("form of the answer (text)"),
		.manual = N_("The form of the answer: text, or the JSON object as the watcher "
			     "gives it."),
		.words = opt_text_or_json },
};

static const struct opt_command command = { .name = "roles",
	.summary = N_("say who may do what with a running watcher"),
	.opts = opts,
	.n_opts = COUNT(opts),
	.section = 1 };

/* ---- what is shown ---- */

static void put_clean(struct buf *b, const char *s)
{
	text_put_clean(b, slice_str(s ? s : ""));
}

static void put_list(struct page *p, const char *label, const json_t *list)
{
	struct buf *b = &p->sheet.line;

	if (json_array_size(list) == 0)
		return;
	buf_printf(b, "  %s ", language_look_up(label));
	for (size_t i = 0; i < json_array_size(list); i++) {
		buf_puts(b, i ? ", " : "");
		put_clean(b, json_string_value(json_array_get(list, i)));
	}
	sheet_end(&p->sheet, INDENT);
}

static void put_role(struct page *p, const json_t *role)
{
	put_clean(&p->sheet.line, json_string_value(json_object_get(role, "name")));
	sheet_end(&p->sheet, 0);
	put_list(p, N_("may:"), json_object_get(role, "commands"));
	put_list(p, N_("pools:"), json_object_get(role, "pools"));
	put_list(p, N_("partners:"), json_object_get(role, "partners"));
	put_list(p, N_("members:"), json_object_get(role, "members"));
}

static bool has(const json_t *list, const char *word)
{
	for (size_t i = 0; i < json_array_size(list); i++)
		if (strcmp(json_string_value(json_array_get(list, i)), word) == 0)
			return true;
	return false;
}

static void put_head(struct page *p, const struct values *v, const json_t *o, size_t n)
{
	const char *who = json_string_value(json_object_get(o, "who"));
	const struct text can = TEXT(N_("Roles that may {1}: {2}."), text_str(v->can ? v->can : ""),
				  text_u64(n)),
			  of = TEXT(
				  N_("Roles of {1}: {2}."), text_str(who ? who : ""), text_u64(n));

	if (v->can)
		page_say(p, &can, 0);
	else if (!v->all)
		page_say(p, &of, 0);
}

static void show(const struct values *v, const json_t *o)
{
	const json_t *list = json_object_get(o, "roles");
	size_t n = 0;
	struct page p;

	for (size_t i = 0; i < json_array_size(list); i++)
		n += !v->can || has(json_object_get(json_array_get(list, i), "commands"), v->can);
	page_begin(&p, stdout, 0);
	put_head(&p, v, o, n);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *role = json_array_get(list, i);

		if (!v->can || has(json_object_get(role, "commands"), v->can))
			put_role(&p, role);
	}
	page_end(&p);
}

static bool is_answer(const json_t *o)
{
	const char *schema = json_string_value(json_object_get(o, "schema"));

	return schema && strcmp(schema, "stox.roles/1") == 0 &&
	       json_is_array(json_object_get(o, "roles"));
}

static int show_answer(const struct values *v, struct slice answer)
{
	json_t *o = json_loadb((const char *)answer.p, answer.n, 0, NULL);
	int status = 0;

	if (!is_answer(o))
		status =
			ctl_refused(&command, true, json_string_value(json_object_get(o, "error")));
	else if (v->format && strcmp(v->format, "json") == 0)
		fwrite(answer.p, 1, answer.n, stdout);
	else
		show(v, o);
	json_decref(o);
	return status;
}

/* ---- the command ---- */

static int check_values(const struct values *v)
{
	const char *names[ROLE_COMMANDS];
	enum role_command c;

	for (unsigned i = 0; i < ROLE_COMMANDS; i++)
		names[i] = role_command_name((enum role_command)i);
	if (v->format && strcmp(v->format, "text") != 0 && strcmp(v->format, "json") != 0)
		opt_complain(&command, TEXT(N_("unknown format `{1}`; there are {2}"),
					       text_str(v->format), text_str("text, json")));
	else if ((v->can != NULL) + (v->user != NULL) + v->all > 1)
		opt_complain(
			&command, TEXT_PLAIN(N_("--can, --user and --all exclude each other")));
	else if (v->can && !role_command_find(slice_str(v->can), &c)) {
		const char *near = str_nearest(v->can, names, ROLE_COMMANDS);

		opt_complain(&command,
			near ? TEXT(N_("`{1}` is no command of a role; did you mean `{2}`?"),
				       text_str(v->can), text_str(near))
			     : TEXT(N_("`{1}` is no command of a role; see ROLES in "
				       "stox-watch(1)"),
				       text_str(v->can)));
	} else
		return 0;
	return BAD;
}

static int cmd_roles(int argc, char **argv)
{
	struct values v = { 0 };
	char line[512];
	struct buf answer;
	const enum opt_result r = opt_parse(&command, argc, argv, &v);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : BAD;
	int status = check_values(&v);
	if (status)
		return status;
	const struct ctl_place place = { v.socket, v.config, true };
	snprintf(line, sizeof(line), "roles%s%s", v.can || v.all || v.user ? " " : "",
		v.user           ? v.user
		: v.can || v.all ? "all"
				 : "");
	buf_init(&answer, CONTROL_ANSWER_MAX);
	status = ctl_ask(&command, &place, line, CTL_PATIENCE_S, &answer);
	if (!status)
		status = show_answer(&v, buf_slice(&answer));
	buf_done(&answer);
	return status;
}

const struct command command_roles = { .opt = &command, .run = cmd_roles };
