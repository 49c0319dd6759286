/* board.h - all tests as pages show them: places, states, troubles, in the structs of
 * page/model.h, made from the roster for one page.
 */
#pragma once

#include "page/model.h"
#include "watcher/private.h"

enum { BOARD_ID_MAX = 48 };

struct board {
	struct page_set set;
	struct sentence sentence;
	/* what `set` points at */
	struct page_place *pools, *partners;
	struct page_test *tests;
	const struct watched **watched; /* whose each of `tests` is */
	struct page_trouble *troubles;
	struct board_texts { /* of a trouble */
		char run[BOARD_ID_MAX], incident[BOARD_ID_MAX], good[BOARD_ID_MAX];
		char *message;
	} * texts;
	size_t n_texts;
	struct board_place {
		int64_t id;
		size_t at;
	} * by_id; /* ascending */
};

/* Of one pool or one partner (its name or domain; "": of all), those that v->access sees.  0 or
 * -ENOMEM. */
int board_new(struct board *ret, const struct watcher *w, const struct page_view *v,
	struct slice pool, struct slice partner);
void board_done(struct board *b);
/* The place of a test in it; SIZE_MAX: it is not there. */
size_t board_find(const struct board *b, int64_t test_id);
/* Its ids are texts of a run or an incident, as they stand in addresses. */
void board_incident_id(char ret[BOARD_ID_MAX], int64_t id);
bool board_read_incident_id(struct slice text, int64_t *ret);
