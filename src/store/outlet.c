#include "store/outlet.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/mem.h"

struct parcel *parcel_new(enum store_event_type type)
{
	struct parcel *p = mem_alloc0(sizeof(*p));

	if (!p)
		return NULL;
	list_init(&p->node);
	p->event.type = type;
	return p;
}

struct parcel *parcel_free(struct parcel *p)
{
	if (!p)
		return NULL;
	store_event_done(&p->event);
	return mem_free(p);
}

void store_event_done(struct store_event *e)
{
	e->answer = store_answer_free(e->answer);
	e->known = mem_free(e->known);
	e->lease = mem_free(e->lease);
}

int outlet_init(struct outlet *o)
{
	*o = (struct outlet){ .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC) };
	list_init(&o->parcels);
	if (o->fd < 0)
		return -errno;
	pthread_mutex_init(&o->mutex, NULL);
	return 0;
}

void outlet_done(struct outlet *o)
{
	struct store_event e;

	while (outlet_take(o, &e))
		store_event_done(&e);
	pthread_mutex_destroy(&o->mutex);
	close(o->fd);
}

static void wake(struct outlet *o)
{
	const uint64_t one = 1;

	/* It cannot fail: who takes reads all, long before 2^64. */
	if (write(o->fd, &one, sizeof(one)) < 0)
		return;
}

void outlet_put(struct outlet *o, const struct store_event *e)
{
	pthread_mutex_lock(&o->mutex);
	struct store_event *place = &o->places[e->type];
	const uint64_t count = o->is_set[e->type] ? place->count : 0;
	const uint64_t evidence = o->is_set[e->type] ? place->evidence : 0;

	*place = *e;
	place->count += count;
	place->evidence += evidence;
	o->is_set[e->type] = true;
	if (e->type ==
		STORE_EV_HELD) /* again: in the order in which they are taken it is the last */
		o->is_set[STORE_EV_RESUMED] = false;
	wake(o);
	pthread_mutex_unlock(&o->mutex);
}

void outlet_send(struct outlet *o, struct parcel *p)
{
	pthread_mutex_lock(&o->mutex);
	list_append(&o->parcels, &p->node);
	wake(o);
	pthread_mutex_unlock(&o->mutex);
}

static bool take(struct outlet *o, struct store_event *ret)
{
	struct parcel *p = LIST_FIRST(&o->parcels, struct parcel, node);

	if (p) { /* first: what a WRITTEN speaks of is told before it */
		*ret = p->event;
		list_remove(&p->node);
		mem_free(p);
		return true;
	}
	for (unsigned i = 0; i < STORE_EVENTS; i++)
		if (o->is_set[i]) {
			*ret = o->places[i];
			o->is_set[i] = false;
			return true;
		}
	return false;
}

bool outlet_take(struct outlet *o, struct store_event *ret)
{
	uint64_t wakes;

	pthread_mutex_lock(&o->mutex);
	const bool has = take(o, ret);
	if (!has && read(o->fd, &wakes, sizeof(wakes)) < 0)
		wakes = 0;
	pthread_mutex_unlock(&o->mutex);
	return has;
}
