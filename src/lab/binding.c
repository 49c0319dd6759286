#include "lab/binding.h"

#include <string.h>

#include "sip/hdr.h"

enum {
	EXPIRES_DEFAULT_S = 3600,
	EXPIRES_MIN_S = 30, /* shorter gets 423: RFC 3261 section 10.3 item 7 */
};

static unsigned expires_of(const struct sip_msg *req, const struct sip_nameaddr *contact)
{
	uint64_t seconds = EXPIRES_DEFAULT_S;
	struct slice value;

	slice_u64(sip_msg_value(req, SIP_HDR_EXPIRES), UINT32_MAX, &seconds);
	if (sip_param_find(contact->params, "expires", &value))
		slice_u64(value, UINT32_MAX, &seconds);
	return (unsigned)(seconds > EXPIRES_DEFAULT_S ? EXPIRES_DEFAULT_S : seconds);
}

static bool is_alive(const struct binding *b, ts_t now)
{
	return b->in_use && b->expires > now;
}

static struct binding *find(struct bindings *all, const struct sip_uri *uri)
{
	for (unsigned i = 0; i < BINDINGS_MAX; i++) {
		struct sip_uri known;
		struct where where;
		struct binding *b = &all->all[i];

		if (b->in_use && !sip_uri_decode(slice_str(b->contact), &known, &where) &&
			sip_uri_equal(&known, uri))
			return b;
	}
	return NULL;
}

static struct binding *make_room(struct bindings *all, ts_t now)
{
	struct binding *oldest = &all->all[0];

	for (unsigned i = 0; i < BINDINGS_MAX; i++) {
		struct binding *b = &all->all[i];

		if (!is_alive(b, now))
			return b;
		if (b->expires < oldest->expires)
			oldest = b;
	}
	return oldest;
}

static int push_contact(struct bindings *all, const struct sip_nameaddr *contact, unsigned seconds,
	const struct origin *path, ts_t now)
{
	struct binding *b = find(all, &contact->uri);
	struct slice instance;

	if (seconds == 0) {
		if (b)
			b->in_use = false;
		return 200;
	}
	if (seconds < EXPIRES_MIN_S)
		return 423;
	if (!b)
		b = make_room(all, now);
	if (!slice_cstr(contact->uri_text, b->contact, sizeof(b->contact)))
		return 400;
	if (!sip_param_find(contact->params, "+sip.instance", &instance) ||
		!slice_cstr(instance, b->instance, sizeof(b->instance)))
		b->instance[0] = '\0';
	b->in_use = true;
	b->path = *path; /* as RFC 5626: back on the way it came, whatever the Contact says */
	b->expires = ts_add(now, TS_S(seconds));
	return 200;
}

int bindings_push(
	struct bindings *b, const struct sip_msg *req, const struct origin *path, ts_t now)
{
	unsigned at = 0;
	int status = 200;
	struct where where;

	for (const struct sip_hdr *h; (h = sip_msg_find(req, SIP_HDR_CONTACT, &at));) {
		struct slice rest = h->value, value;

		while (status == 200 && sip_hdr_next(&rest, &value)) {
			struct sip_nameaddr contact;

			if (sip_contact_is_star(value))
				memset(b, 0, sizeof(*b));
			else if (sip_nameaddr_decode(value, &contact, &where))
				status = 400;
			else
				status = push_contact(
					b, &contact, expires_of(req, &contact), path, now);
		}
	}
	return status;
}

void bindings_flow_gone(struct bindings *b, flow_t flow)
{
	for (unsigned i = 0; i < BINDINGS_MAX; i++)
		if (b->all[i].path.flow == flow)
			b->all[i].in_use = false;
}

void bindings_put(const struct bindings *b, struct buf *to, int status, ts_t now)
{
	if (status == 423)
		buf_printf(to, "Min-Expires: %d\r\n", EXPIRES_MIN_S);
	for (unsigned i = 0; status == 200 && i < BINDINGS_MAX; i++)
		if (is_alive(&b->all[i], now))
			buf_printf(to, "Contact: <%s>%s%s;expires=%u\r\n", b->all[i].contact,
				b->all[i].instance[0] ? ";+sip.instance=" : "", b->all[i].instance,
				(unsigned)((b->all[i].expires - now) / TS_S(1)));
}

const struct binding *bindings_latest(const struct bindings *b, ts_t now)
{
	const struct binding *best = NULL;

	for (unsigned i = 0; i < BINDINGS_MAX; i++)
		if (is_alive(&b->all[i], now) && (!best || b->all[i].expires > best->expires))
			best = &b->all[i];
	return best;
}
