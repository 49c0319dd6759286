#include "watcher/config.h"

#include <stdlib.h>

#include "app/files.h"

enum { BAD = 2, NOT_HERE = 3 };

static void put_line(struct buf *why, struct text t, text_look_up *look_up)
{
	text_put(why, &t, look_up);
	buf_putc(why, '\n');
}

static int make_plan(struct watch_config *c, text_look_up *look_up, struct buf *why)
{
	struct problems problems = { .out = why, .file_name = c->path, .look_up = look_up };
	int err = plan_new(&c->plan, c->conf, c->path, &problems);

	if (!err)
		err = plan_settle(c->plan, &problems);
	return err;
}

int watch_config_open(
	struct watch_config *ret, const char *file, text_look_up *look_up, struct buf *why)
{
	*ret = (struct watch_config){ 0 };
	int err = config_read(file, &ret->conf, &ret->path, look_up, why);

	if (!err && !ret->conf) {
		put_line(why,
			TEXT_PLAIN(N_("stox watch: there is no configuration (stox.yaml in "
				      "~/.config/stox or /etc/stox, or --config FILE)")),
			look_up);
		return BAD;
	}
	if (!err && !ret->conf->watch.at.line) {
		put_line(why,
			TEXT(N_("{1}: there is no section `watch`: add one, `watch: {}` tests "
				"each pool with each partner"),
				text_str(ret->path)),
			look_up);
		return BAD;
	}
	if (!err)
		err = make_plan(ret, look_up, why);
	if (err == -ENOMEM)
		put_line(why, TEXT_PLAIN(err_text(err)), look_up);
	return err == -ENOMEM ? NOT_HERE : err ? BAD : 0;
}

void watch_config_done(struct watch_config *c)
{
	plan_free(c->plan);
	conf_free(c->conf);
	free(c->path);
	*c = (struct watch_config){ 0 };
}
