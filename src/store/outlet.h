/* outlet.h - what the threads have to tell, until the loop takes it.
 *
 * Nothing is allocated to tell something: an answer brings its own place, of everything else
 * there is one place a type, where counts add up and the last text stands.
 */
#pragma once

#include <pthread.h>

#include "base/list.h"
#include "store/store.h"

struct parcel { /* an event that is not to be merged with others */
	struct list node;
	struct store_event event;
};

struct parcel *parcel_new(enum store_event_type type); /* NULL: no memory */
struct parcel *parcel_free(struct parcel *p);          /* with what its event carries */

struct outlet {
	pthread_mutex_t mutex;
	int fd; /* an eventfd */
	struct list parcels;
	struct store_event places[STORE_EVENTS];
	bool is_set[STORE_EVENTS];
};

int outlet_init(struct outlet *o); /* 0 or -errno */
void outlet_done(struct outlet *o);
void outlet_put(struct outlet *o, const struct store_event *e);
void outlet_send(struct outlet *o, struct parcel *p); /* takes it */
bool outlet_take(struct outlet *o, struct store_event *ret);
