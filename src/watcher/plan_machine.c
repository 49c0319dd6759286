/* What a plan takes from this machine: the files of time zones, the folder for the history, and the
 * group of its socket. */
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/state_folder.h"
#include "app/watch_config.h"
#include "base/mem.h"
#include "watcher/plan.h"

/* Of several folders that systemd made, the first. */
static char *history_file(void)
{
	const char *service = getenv("STATE_DIRECTORY");
	char *ret = NULL;
	struct buf b;

	buf_init(&b, PATH_MAX);
	bool is_known = service && service[0] == '/';
	if (is_known)
		buf_put(&b, slice_cut(slice_str(service), 0, slice_chr(slice_str(service), ':')));
	else
		is_known = state_folder_put(&b);
	buf_puts(&b, "/history.db");
	if (is_known && !buf_err(&b))
		ret = mem_strdup(buf_cstr(&b));
	buf_done(&b);
	return ret;
}

static void find_group(struct plan *p, struct problems *problems)
{
	const struct conf_text *name = &p->conf->control.group;
	const struct group *g = name->s ? getgrnam(name->s) : NULL;

	if (name->s && !g)
		problems_add(problems, name->at,
			TEXT(N_("there is no group `{1}` on this machine"), text_str(name->s)));
	p->access.has_group = g != NULL;
	p->access.group = g ? g->gr_gid : 0;
}

int plan_settle(struct plan *p, struct problems *problems)
{
	const unsigned before = problems->n + problems->left_out;

	struct text why;

	for (unsigned i = 0; i < p->n_zones; i++)
		if (watch_config_read_zone(
			    p->zones[i].name, &p->zones[i].file, &p->zones[i].zone, &why))
			problems_add(problems, p->zones[i].at, why);
	find_group(p, problems);
	if (!p->history_file)
		p->history_file = history_file();
	if (!p->history_file)
		problems_add(problems, p->conf->at,
			TEXT_PLAIN(N_("it is not known where to keep the history: neither "
				      "STATE_DIRECTORY nor HOME is set; name a `file` in "
				      "`history`")));
	return problems->n + problems->left_out > before ? ERR_CONFIG : 0;
}

int plan_make_folder(const struct plan *p, struct text *why)
{
	const char *service = getenv("STATE_DIRECTORY");
	struct buf path;

	if (p->conf->history.file.s || (service && service[0] == '/'))
		return 0;
	buf_init(&path, PATH_MAX);
	const int dir = state_folder_open(NULL, &path);
	if (dir < 0)
		*why = TEXT(N_("{1}: {2}"), text_str(buf_cstr(&path)), text_errno(-dir));
	else
		close(dir);
	buf_done(&path);
	return dir < 0 ? dir : 0;
}
