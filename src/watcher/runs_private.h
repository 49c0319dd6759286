/* runs_private.h - what the two files of the runs share; run.c (one run: its attempts, what is said
 * of them) is below runs.c (which there are, when the next attempt is due, whether the loop stood
 * still). */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "base/timers.h"
#include "probe/inside.h"
#include "report/trace.h"
#include "watcher/runs.h"

enum run_state {
	RUN_TRYING,
	RUN_PAUSING, /* its timer says until when */
	RUN_OVER,    /* to be taken */
};

struct run {
	struct runs *runs;
	struct map_node node; /* by its id */
	struct list over;     /* when it is */
	struct timer timer;
	enum run_state state;
	struct run_cfg cfg; /* its strings are in `store` */
	uint64_t id;
	void *owner;
	ts_t started;

	unsigned attempts;
	int64_t attempt_at_us; /* since 1970: of the one in hand, or the last */
	uint64_t stalls_before;
	struct probe *probe;   /* or */
	struct inside *inside; /* or */
	struct sweep *sweeps[RUNS_SWEEPS];
	struct pump_guest *guests[RUNS_SWEEPS]; /* while it tries */
	struct trace *trace;

	struct run_attempt first, last;
	bool is_stalled, is_dropped;
	ts_t took;
	size_t n_store;
	char store[];
};

struct runs {
	struct pump *pump;
	struct runs_cfg cfg;
	void (*run_drained)(void *run); /* after each drain of an engine of one */
	struct rng rng;
	struct map by_id;
	struct timers timers;
	struct list over;
	struct run *taken; /* what was told points into it */
	bool is_untold;    /* one is over, and nothing was drained that its owner would hear of */
	unsigned n_trying;
	ts_t beat_at; /* while one tries: the loop looks in here at the latest then */
	uint64_t n_stalls;
	ts_t stalled;
};

/* run.c */
/* 0, -EINVAL or -ENOMEM. */
int run_new(struct run **ret, struct runs *r, const struct run_cfg *cfg);
struct run *run_free(struct run *run); /* at once */
/* The next attempt: 0, or what probe_new(), sweep_new() and pump_host() say. */
int run_begin(struct run *run, struct text *why);
/* Each time that one of its engines was drained: true when the attempt is over. */
bool run_drained(struct run *run);
/* What came of the attempt, which needs the pump no more. */
void run_judge(struct run *run);
/* It could not even begin. */
void run_fail(struct run *run, const struct text *why);
void run_forget(struct run *run); /* the attempt: another one follows */
bool run_tries_again(const struct run *run);
/* Of the attempt; NULL: of SERVERS, or it could not begin. */
const struct probe_result *run_result(const struct run *run);
