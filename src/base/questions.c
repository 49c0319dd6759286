#include "base/questions.h"

#include "base/srv.h"

void questions_init(struct questions *qs, struct question *list, uint32_t max)
{
	*qs = (struct questions){ .list = list, .max = max };
}

uint32_t questions_find(const struct questions *qs, enum dns_type type, const char *name)
{
	for (uint32_t i = 0; i < qs->n; i++)
		if (qs->list[i].type == type && slice_ieqs(slice_str(name), qs->list[i].name))
			return i + 1;
	return QUESTION_NONE;
}

uint32_t questions_ask(struct questions *qs, enum dns_type type, const char *name)
{
	const uint32_t asked = questions_find(qs, type, name);

	if (asked || qs->n == qs->max)
		return asked;
	struct question *q = &qs->list[qs->n];
	*q = (struct question){ .type = type, .status = DNS_CANCELLED };
	return slice_cstr(slice_str(name), q->name, sizeof(q->name)) ? ++qs->n : QUESTION_NONE;
}

uint32_t questions_ask_host(struct questions *qs, enum dns_type type, const char *name)
{
	const uint32_t asked = questions_ask(qs, type, name);

	if (asked)
		qs->list[asked - 1].is_host = true;
	return asked;
}

const struct question *questions_at(const struct questions *qs, uint32_t number)
{
	return number == QUESTION_NONE ? NULL : &qs->list[number - 1];
}

const struct question *questions_take(struct questions *qs, uint32_t *number)
{
	if (qs->n_taken == qs->n)
		return NULL;
	*number = ++qs->n_taken;
	return &qs->list[*number - 1];
}

/* ---- answers ---- */

static void keep_record(struct question *q, const struct dns_record *r)
{
	switch (q->type) {
	case DNS_A:
	case DNS_AAAA:
		if (r->type != q->type)
			break;
		q->n_usable++;
		if (q->n_addresses < QUESTION_ADDRESSES_MAX)
			q->addresses[q->n_addresses++] = r->addr;
		break;
	case DNS_SRV:
		q->n_usable += srv_is_usable(r);
		q->says_no |= r->type == DNS_SRV && !r->srv.target[0];
		break;
	case DNS_NAPTR: break;
	}
}

struct question *questions_answer(
	struct questions *qs, uint32_t number, const struct dns_answer *answer)
{
	if (number == QUESTION_NONE || number > qs->n_taken || qs->list[number - 1].answered)
		return NULL;
	struct question *q = &qs->list[number - 1];
	q->answered = true;
	q->status = answer->status;
	q->server = answer->server;
	q->from_hosts_file = answer->from_hosts_file;
	q->searched = answer->searched;
	slice_cstr(slice_str(answer->alias), q->alias, sizeof(q->alias));
	q->n_records = (unsigned)answer->n_records;
	for (size_t i = 0; i < answer->n_records; i++)
		keep_record(q, &answer->records[i]);
	if (q->status == DNS_OK && q->type != DNS_NAPTR && !q->n_usable && !q->says_no)
		q->status = DNS_NODATA; /* nothing of what was asked for */
	qs->n_answered++;
	return q;
}

/* ---- what went wrong ---- */

unsigned question_gravity(const struct question *q)
{
	if (!q || q->status == DNS_OK)
		return 0;
	return q->status == DNS_NXDOMAIN || q->status == DNS_NODATA ? 1 : 2;
}

const struct question *question_graver(const struct question *a, const struct question *b)
{
	return question_gravity(b) > question_gravity(a) ? b : a;
}
