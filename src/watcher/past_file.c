#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "watcher/past_private.h"

int past_file_open(struct past *p, struct text *why)
{
	const struct plan *plan = p->config.plan;
	const struct store_cfg cfg = plan_history(plan);

	/* Who looks must not make one. */
	if (!plan->history_server && access(plan->history_file, F_OK)) {
		*why = TEXT(N_("there is no history yet: {1}: {2}"), text_str(plan->history_file),
			text_errno(errno));
		return -ENOENT;
	}
	return store_open(&p->store, &cfg, why);
}

struct store_answer *past_file_ask(struct past *p, const struct store_query *query)
{
	struct pollfd fd = { .fd = store_fd(p->store), .events = POLLIN };
	const uint64_t number = store_ask(p->store, query);
	struct store_event e;

	while (number) {
		while (store_take_event(p->store, &e)) {
			if (e.type == STORE_EV_ANSWER && e.answer->id == number)
				return e.answer->err ? store_answer_free(e.answer) : e.answer;
			store_event_done(&e);
		}
		(void)poll(&fd, 1, -1); /* a question has a time of its own */
	}
	return NULL;
}
