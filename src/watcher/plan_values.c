/* Values of the configuration as a plan has them. */
#include "app/files.h"
#include "watcher/plan_private.h"

int plan_path(const struct planner *p, const struct conf_text *path, char **ret)
{
	if (!path->s)
		return 0;
	*ret = config_path(p->conf_path, path->s);
	return *ret ? 0 : -ENOMEM;
}

struct alert_label plan_label(const struct conf_text *text)
{
	struct slice value = slice_str(text->s);
	const struct slice name = slice_split(&value, '=');

	return (struct alert_label){ name, value };
}
