/* What is kept of a SIP response as evidence, and what it says of who wrote it. */
#include <string.h>

#include "base/mem.h"
#include "probe/blame.h"
#include "probe/relay.h"
#include "sip/hdr.h"

#define REGISTRAR_ERROR "P-Registrar-Error" /* Kamailio's and OpenSIPS's registrar */

static void keep_header(struct evidence *e, const char *name, struct slice value)
{
	if (e->n_headers == COUNT(e->headers) || value.n == 0)
		return;
	struct evidence_header *h = &e->headers[e->n_headers++];
	slice_cstr(slice_str(name), h->name, sizeof(h->name));
	slice_cstr(slice_cut(value, 0, sizeof(h->value) - 1), h->value, sizeof(h->value));
}

static void keep_headers(struct evidence *e, const struct sip_msg *m)
{
	static const enum sip_hdr_id telling[] = { SIP_HDR_REASON, SIP_HDR_WARNING,
		SIP_HDR_MS_DIAGNOSTICS, SIP_HDR_MS_DIAGNOSTICS_PUBLIC, SIP_HDR_RETRY_AFTER,
		SIP_HDR_SERVER };

	keep_header(e, REGISTRAR_ERROR, sip_msg_value_named(m, REGISTRAR_ERROR));
	for (size_t i = 0; i < COUNT(telling); i++) {
		unsigned at = 0;

		for (const struct sip_hdr *h; (h = sip_msg_find(m, telling[i], &at));)
			keep_header(e, sip_hdr_name(telling[i]), h->value);
	}
}

/* The value of a parameter without its quotes. */
void evidence_keep_param(struct slice params, const char *name, char *ret, size_t size)
{
	struct slice v;

	if (!sip_param_find(params, name, &v))
		return;
	if (v.n >= 2 && v.p[0] == '"')
		v = slice_cut(v, 1, v.n - 1);
	slice_cstr(slice_cut(v, 0, size - 1), ret, size);
}

/* `1005;source="gw.litware.test";reason="Cannot route"`: what leaves the organisation is in the
 * -public one. */
static void keep_diagnostics(struct evidence *e, const struct sip_msg *m)
{
	struct slice value = sip_msg_value(m, SIP_HDR_MS_DIAGNOSTICS);
	uint64_t code;

	if (value.n == 0)
		value = sip_msg_value(m, SIP_HDR_MS_DIAGNOSTICS_PUBLIC);
	if (!slice_u64(slice_trim(slice_split(&value, ';')), UINT32_MAX, &code))
		return;
	e->has_diagnostics = true;
	e->diagnostics_code = (uint32_t)code;
	evidence_keep_param(value, "source", e->diagnostics_source, sizeof(e->diagnostics_source));
	evidence_keep_param(value, "reason", e->diagnostics_reason, sizeof(e->diagnostics_reason));
}

/* RFC 3261 section 20.33: seconds, then perhaps a comment and parameters. */
static void keep_retry_after(struct evidence *e, const struct sip_msg *m)
{
	struct slice value = sip_msg_value(m, SIP_HDR_RETRY_AFTER);
	uint64_t seconds;
	size_t n = 0;

	while (n < value.n && value.p[n] >= '0' && value.p[n] <= '9')
		n++;
	e->has_retry_after = slice_u64(slice_cut(value, 0, n), UINT32_MAX, &seconds);
	e->retry_after_s = e->has_retry_after ? (uint32_t)seconds : 0;
}

/* Of a 3xx, where it sends who asked: the first one, without the password that a URI can hold. */
static void keep_contact(struct evidence *e, const struct sip_msg *m)
{
	struct sip_nameaddr to;
	struct where where;
	struct slice list = sip_msg_value(m, SIP_HDR_CONTACT), first;
	struct buf b;

	if (m->status / 100 != 3 || !sip_hdr_next(&list, &first) ||
		sip_nameaddr_decode(first, &to, &where))
		return;
	buf_init(&b, SIP_URI_MAX);
	buf_put(&b, to.uri.scheme_text);
	buf_putc(&b, ':');
	buf_put(&b, to.uri.user);
	buf_puts(&b, to.uri.user.n && to.uri.host.n ? "@" : "");
	buf_put(&b, to.uri.host);
	if (to.uri.port)
		buf_printf(&b, ":%u", to.uri.port);
	keep_header(e, sip_hdr_name(SIP_HDR_CONTACT), buf_slice(&b));
	buf_done(&b);
}

void evidence_keep_response(struct evidence *e, const struct sip_msg *m)
{
	e->sip_status = m->status;
	slice_cstr(slice_cut(m->reason, 0, sizeof(e->sip_reason) - 1), e->sip_reason,
		sizeof(e->sip_reason));
	keep_contact(e, m);
	keep_headers(e, m);
	keep_diagnostics(e, m);
	keep_retry_after(e, m);
}

/* ---- who said it ---- */

const char *evidence_header(const struct evidence *e, const char *name)
{
	for (unsigned i = 0; i < e->n_headers; i++)
		if (strcmp(e->headers[i].name, name) == 0)
			return e->headers[i].value;
	return NULL;
}

/* RFC 3261 section 20.43: `399 pool.litware.test "words"`, the second word names who warns. */
static struct slice warning_agent(const char *value)
{
	struct slice rest = slice_str(value);

	slice_split(&rest, ' ');
	return slice_split(&rest, ' ');
}

/* By the most certain of what the response carries.  Proxies pass on what servers behind them say
 * of themselves, and the pool has said at the sign-in what it calls itself. */
struct evidence_speaker evidence_speaker(const struct evidence *e, const char *pools_server)
{
	const char *server = evidence_header(e, sip_hdr_name(SIP_HDR_SERVER));
	const char *warning = evidence_header(e, sip_hdr_name(SIP_HDR_WARNING));
	const bool known = pools_server[0] != '\0';

	if (e->diagnostics_source[0])
		return (struct evidence_speaker){ N_(", said by "),
			slice_str(e->diagnostics_source) };
	if (server && known && strcmp(server, pools_server) == 0)
		return (struct evidence_speaker){ N_(", said by the pool, as it seems: "),
			slice_str(server) };
	if (server)
		return (struct evidence_speaker){
			known ? N_(", said by another server than the registrar: ")
			      : N_(", said by "),
			slice_str(server)
		};
	if (warning)
		return (struct evidence_speaker){ N_(", said by "), warning_agent(warning) };
	return (struct evidence_speaker){ known ? N_(", said by another server than the registrar, "
						     "which does not name itself")
						: "",
		SLICE_NONE };
}

/* 503 with Retry-After and no word on a gateway: the server itself is overloaded (RFC 3261 section
 * 21.5.4). */
bool evidence_is_overload(const struct evidence *e)
{
	return e->sip_status == 503 && e->has_retry_after && !e->has_diagnostics;
}

/* A user that has as many contacts as it may have; a registrar that says so with a 503 may send
 * Retry-After beside it. */
bool evidence_is_contact_limit(const struct evidence *e)
{
	const char *error = evidence_header(e, REGISTRAR_ERROR);
	const char *warning = evidence_header(e, sip_hdr_name(SIP_HDR_WARNING));

	if (error && relay_is_contact_limit(slice_str(error)))
		return true;
	if (evidence_is_overload(e))
		return false;
	return relay_is_contact_limit(slice_str(e->sip_reason)) ||
	       relay_is_contact_limit(slice_str(e->diagnostics_reason)) ||
	       (warning && relay_is_contact_limit(slice_str(warning)));
}
