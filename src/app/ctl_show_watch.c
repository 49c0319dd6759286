/* What a running watcher answers, as text for people. */
#include <stdio.h>

#include "app/ctl_show.h"
#include "app/language.h"
#include "base/text.h"

enum { VALUE_COLUMN = 18 };

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s && s[0] ? s : "-";
}

static long long number(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

static void begin(struct sheet *p, const char *label)
{
	buf_printf(&p->line, "%s ", language_look_up(label));
	sheet_tab(p, VALUE_COLUMN);
}

static void row(struct sheet *p, const char *label, const char *value)
{
	begin(p, label);
	buf_puts(&p->line, value);
	sheet_end(p, VALUE_COLUMN);
}

static void row_time(struct sheet *p, const char *label, const json_t *o, const char *key)
{
	const char *text = text_of(o, key);

	begin(p, label);
	if (text[0] && text[1])
		buf_printf(&p->line, "%.10s %.8s UTC", text, text + 11);
	else
		buf_puts(&p->line, text);
	sheet_end(p, VALUE_COLUMN);
}

static void row_states(struct sheet *p, const json_t *tests)
{
	const char *name;
	json_t *n;

	begin(p, N_("Tests"));
	buf_printf(&p->line, "%lld", number(tests, "all"));
	json_object_foreach(json_object_get(tests, "states"), name, n)
	{
		if (json_integer_value(n))
			buf_printf(&p->line, ", %s %lld", name, (long long)json_integer_value(n));
	}
	sheet_end(p, VALUE_COLUMN);
}

void ctl_show_watch(struct sheet *p, const json_t *o)
{
	const json_t *c = json_object_get(o, "configuration"), *tests = json_object_get(o, "tests"),
		     *history = json_object_get(o, "history");
	char text[200];

	snprintf(text, sizeof(text), "%s, %s %lld", text_of(o, "version"),
		language_look_up(N_("process")), number(o, "pid"));
	row(p, N_("stox watch"), text);
	row_time(p, N_("Running since"), o, "started_at");
	row(p, N_("Configuration"), text_of(c, "file"));
	row_time(p, N_("Read at"), c, "read_at");
	if (json_is_true(json_object_get(c, "last_reload_refused")))
		row(p, N_("Last reload"),
			language_look_up(N_("refused: the one before stays in force")));
	row_states(p, tests);
	snprintf(text, sizeof(text), "%lld (%s %lld)", number(o, "runs"),
		language_look_up(N_("now")), number(tests, "running"));
	row(p, N_("Runs"), text);
	if (json_is_string(json_object_get(history, "held_since")))
		row_time(p, N_("History held since"), history, "held_since");
	if (json_is_string(json_object_get(o, "last_warning")))
		row(p, N_("Last warning"), text_of(o, "last_warning"));
}
