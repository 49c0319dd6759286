#include "app/manual.h"

#include <string.h>

#include "app/commands.h"
#include "gateway/events.h"
#include "gateway/exposition.h"
#include "report/write_out.h"
#include "watch/events.h"

enum { WORDS_SHOWN = 16 }; /* more than that: the text says where they are listed */

static const char *look(text_look_up *look_up, const char *id)
{
	return look_up ? look_up(id) : id;
}

/* A phrase as a sentence: with a capital and a full stop. */
static void put_sentence(struct buf *b, const char *phrase)
{
	buf_putc(b, (uint8_t)(phrase[0] >= 'a' && phrase[0] <= 'z' ? phrase[0] - 'a' + 'A'
								   : phrase[0]));
	buf_printf(b, "%s.\n", phrase + 1);
}

static size_t count(opt_words *words)
{
	const char *word, *what;
	size_t n = 0;

	while (words(n, &word, &what))
		n++;
	return n;
}

/* .Cm text\n(for people),\n ... */
static void put_words(struct buf *b, opt_words *words, text_look_up *look_up)
{
	const size_t n = count(words);
	const char *word, *what;

	if (n > WORDS_SHOWN)
		return;
	buf_printf(b, "%s\n", look(look_up, N_("One of")));
	for (size_t i = 0; words(i, &word, &what); i++) {
		const char *end = i + 1 < n ? "," : ".";

		buf_printf(b, ".Cm %s%s%s\n", word, what ? "" : " ", what ? "" : end);
		if (what)
			buf_printf(b, "(%s)%s\n", look(look_up, what), end);
	}
}

static void put_option(struct buf *b, const struct opt *o, text_look_up *look_up)
{
	if (o->letter)
		buf_printf(b, ".It Fl %c , -%s", o->letter, o->name);
	else
		buf_printf(b, ".It Fl -%s", o->name);
	if (o->arg)
		buf_printf(b, " Ar %s", look(look_up, o->arg));
	buf_printf(b, "\n%s\n", look(look_up, o->manual));
	if (o->words)
		put_words(b, o->words, look_up);
}

void manual_put_options(struct buf *b, const struct opt_command *cmd, text_look_up *look_up)
{
	buf_puts(b, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (cmd->opts[i].help)
			put_option(b, &cmd->opts[i], look_up);
	buf_puts(b, ".El\n");
}

void manual_put_commands(struct buf *b, text_look_up *look_up)
{
	buf_puts(b, ".Bl -tag -width completion\n");
	for (size_t i = 0; i < n_commands; i++) {
		const struct opt_command *cmd = commands[i]->opt;

		buf_printf(b, ".It Cm %s\n", cmd->name);
		put_sentence(b, look(look_up, cmd->summary));
		if (cmd->section)
			buf_printf(b, "%s\n.Xr stox-%s %u .\n", look(look_up, N_("See")), cmd->name,
				cmd->section);
	}
	buf_puts(b, ".El\n");
}

void manual_put_metrics(struct buf *b, text_look_up *look_up)
{
	struct exposition_family family;

	buf_puts(b, ".Bl -tag -width Ds\n");
	for (size_t i = 0; exposition_family(i, &family); i++) {
		buf_printf(b, ".It Ic %s%s", family.name, family.ending);
		if (family.labels[0])
			buf_printf(b, " Brq %s", family.labels);
		buf_printf(b, "\n%s\n", look(look_up, family.help));
	}
	buf_puts(b, ".El\n");
}

void manual_put_write_out(struct buf *b, text_look_up *look_up)
{
	buf_puts(b, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < write_out_count(); i++) {
		const struct write_out_name name = write_out_at(i);

		buf_printf(b, ".It Li %%{%s}\n%s\n", name.name, look(look_up, name.what));
	}
	buf_puts(b, ".El\n");
}

/* What is not ASCII counts as a capital: accented letters and « begin sentences as well. */
static bool begins_sentence(const char *at)
{
	return at[0] == ' ' && ((at[1] >= 'A' && at[1] <= 'Z') || (uint8_t)at[1] >= 0x80);
}

/* mdoc wants each sentence on a line of its own. */
static void put_sentences(struct buf *b, const char *text)
{
	for (const char *at = text; *at; at++)
		if (at > text && at[-1] == '.' && begins_sentence(at))
			buf_putc(b, '\n');
		else
			buf_putc(b, (uint8_t)*at);
	buf_putc(b, '\n');
}

static void put_event(struct buf *b, const struct event_row *e, text_look_up *look_up)
{
	buf_printf(b, ".It Ic %s %s\n(%s", e->subsystem, e->name, log_level_name(e->level));
	if (strcmp(e->fields, "COUNTERS") == 0)
		buf_printf(b, "; %s)\n", look(look_up, N_("the counters")));
	else
		buf_printf(b, ": %s)\n", e->fields);
	put_sentences(b, look(look_up, e->meaning));
	if (e->advice) {
		buf_puts(b, ".br\n");
		put_sentences(b, look(look_up, e->advice));
	}
}

void manual_put_watch_events(struct buf *b, text_look_up *look_up)
{
	buf_puts(b, ".Bl -tag -width Ds\n");
	for (enum watch_event i = 0; i < WATCH_EVENTS; i++) {
		const struct watch_event_row *e = watch_event_row(i);
		const struct event_row row = { e->subsystem, e->name, e->level, e->fields,
			e->meaning, e->advice };

		put_event(b, &row, look_up);
	}
	buf_puts(b, ".El\n");
}

void manual_put_events(struct buf *b, text_look_up *look_up)
{
	buf_puts(b, ".Bl -tag -width Ds\n");
	for (enum log_event e = 0; e < EVENT_COUNT; e++)
		put_event(b, event_row(e), look_up);
	buf_puts(b, ".El\n");
}
