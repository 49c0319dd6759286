#include "watcher/trial.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "app/language.h"
#include "net/loop.h"
#include "watcher/address.h"

static int refuse(struct text why, int status)
{
	say(stderr, language_around("stox watch: {1}", why));
	return status;
}

static const struct plan_receiver *find(const struct plan *p, const char *name)
{
	for (unsigned i = 0; i < p->n_receivers; i++)
		if (strcmp(p->receivers[i].name, name) == 0)
			return &p->receivers[i];
	return NULL;
}

/* Nothing has failed, and the text says so. */
static int hand_over(struct deliver *d, const struct plan *p, const struct deliver_receiver *to)
{
	const struct deliver_notice notice = { .kind = ALERT_FAILING,
		.severity = ALERT_INFO,
		.direction = SENTENCE_ALONE,
		.is_trial = true,
		.now_at = loop_wall(),
		.zone = plan_zone(p) };

	return deliver_send(d, to, &notice, 1);
}

/* It ends at its time-out at the latest. */
static void await(struct deliver *d, struct deliver_done *ret)
{
	struct pollfd fd = { .fd = deliver_fd(d), .events = POLLIN };

	while (!deliver_take(d, ret))
		(void)poll(&fd, 1, -1);
}

static int send_it(const struct watch_config *c, const struct plan_receiver *r)
{
	const struct deliver_cfg cfg = {
		.agent = "stox/" STOX_VERSION, .host = "localhost", .external_url = c->plan->url
	};
	struct deliver_done done;
	struct deliver *d = NULL;
	struct address to;
	struct text why = TEXT_PLAIN(N_("the trial cannot be sent here"));

	int err = address_open(&to, r, false, c->conf->secrets_group.s, &why);
	if (!err)
		err = deliver_new(&d, &cfg);
	if (!err)
		err = hand_over(d, c->plan, &to.to);
	address_close(&to);
	if (!err)
		await(d, &done);
	deliver_free(d);
	if (err)
		return refuse(why, err == ERR_SECRET ? 2 : 3);
	say(done.is_delivered ? stdout : stderr, done.text);
	return done.is_delivered ? 0 : 1;
}

int trial_run(const struct watch_config *c, const char *name)
{
	const struct plan_receiver *r = find(c->plan, name);

	if (!r)
		return refuse(TEXT(N_("there is no receiver of alerts `{1}`"), text_str(name)), 2);
	return send_it(c, r);
}
