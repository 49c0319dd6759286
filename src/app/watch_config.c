#include "app/watch_config.h"

#include <stdio.h>

#include "app/file_in.h"
#include "base/mem.h"
#include "base/str.h"
#include "bridge/address.h"
#include "probe/note.h"
#include "probe/reason.h"

#define ZONES_FOLDER "/usr/share/zoneinfo"

/* ---- reasons ---- */

static void refuse_reason(const struct conf_text *name, struct problems *problems)
{
	const char *names[REASON_COUNT];
	char text[SHOWN_MAX];
	size_t n = 0;

	for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++)
		names[n++] = reason_id((enum reason)i);
	const struct text_arg got = text_str(shown(slice_str(name->s), text));
	const char *near = str_nearest(name->s, names, n);
	problems_add(problems, name->at,
		near ? TEXT(N_("`{1}` is not the name of a reason; did you mean `{2}`?"), got,
			       text_str(near))
		     : TEXT(N_("`{1}` is not the name of a reason: `stox explain` lists them"),
			       got));
}

static void check_reason(const struct conf_text *name, struct problems *problems)
{
	enum reason r;

	if (!name->s)
		return;
	if (!reason_find(slice_str(name->s), &r))
		refuse_reason(name, problems);
	else if (slice_starts(slice_str(name->s), SLICE("local_")))
		problems_add(problems, name->at,
			TEXT(N_("`{1}` is a fault of the watcher's own, which says nothing of what "
				"it tests: expect another reason"),
				text_str(name->s)));
}

/* ---- maintenance ---- */

static void check_windows(const struct conf_texts *windows, struct problems *problems)
{
	for (size_t i = 0; i < windows->n; i++) {
		const struct conf_text *t = &windows->v[i];
		char text[SHOWN_MAX];
		struct window window;
		struct where where;

		if (window_decode(&window, slice_str(t->s), &where) == 0)
			continue;
		problems_add(problems, t->at,
			TEXT(N_("`{1}` is no maintenance window: at character {2} there should be "
				"{3}"),
				text_str(shown(slice_str(t->s), text)), text_u64(where.offset + 1),
				text_id(where.what)));
	}
}

/* A small system may be without any file. */
static bool is_utc(const char *name)
{
	static const char *const names[] = { "UTC", "Etc/UTC", "Zulu" };

	for (size_t i = 0; i < COUNT(names); i++)
		if (slice_eqs(slice_str(name), names[i]))
			return true;
	return false;
}

int watch_config_read_zone(const char *name, struct buf *file, struct zone *ret, struct text *why)
{
	char path[sizeof(ZONES_FOLDER) + WINDOW_ZONE_MAX + 2];
	struct where where;

	if (is_utc(name)) {
		zone_open_utc(ret);
		return 0;
	}
	snprintf(path, sizeof(path), ZONES_FOLDER "/%s", name);
	if (file_in_read(path, ZONE_FILE_MAX, file, why)) {
		*why = TEXT(N_("there is no time zone `{1}` on this machine, below {2}: names are "
			       "like Europe/Paris, and Debian has them in its package tzdata"),
			text_str(name), text_str(ZONES_FOLDER));
		return ERR_CONFIG;
	}
	if (zone_open(ret, buf_slice(file), &where)) {
		*why = TEXT(N_("{1}: this is not the file of a time zone"), text_str(path));
		return ERR_CONFIG;
	}
	return 0;
}

/* ---- who takes part ---- */

void watch_config_check_accept(const struct conf_texts *names, struct problems *problems)
{
	enum note note;

	for (size_t i = 0; i < names->n; i++)
		if (!note_find(slice_str(names->v[i].s), &note))
			problems_add(problems, names->v[i].at,
				TEXT(N_("`{1}` is not the name of a warning: `stox explain` lists "
					"them"),
					text_str(names->v[i].s)));
}

static void check_address(const struct conf_text *address, struct problems *problems)
{
	enum address_kind kind;
	struct where where;
	struct jid jid;

	if (address->s && address_read(slice_str(address->s), &kind, &jid, &where))
		problems_add(problems, address->at,
			TEXT_PLAIN(N_("this is no address that a message could be sent to")));
}

void watch_config_check(const struct conf *c, struct problems *problems)
{
	const struct conf_watch *w = &c->watch;

	for (size_t i = 0; i < c->n_pools; i++)
		for (size_t k = 0; k < c->pools[i].n_test_users; k++)
			check_address(&c->pools[i].test_users[k].address, problems);
	for (size_t i = 0; i < c->n_partners; i++)
		check_address(&c->partners[i].receiver.address, problems);
	watch_config_check_roles(c, problems);
	check_windows(&w->defaults.rules.maintenance, problems);
	for (size_t i = 0; i < w->n_tests; i++) {
		check_address(&w->tests[i].receiver.address, problems);
		check_reason(&w->tests[i].expect, problems);
		check_windows(&w->tests[i].rules.maintenance, problems);
	}
}
