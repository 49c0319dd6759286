/* decode_sofia.c - sofia-sip's half of bench_decode. */
#include <stdio.h>

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>

#include "decode.h"

/* msg_make() copies the bytes in and runs msg_extract(): start line, every header, payload. */
static msg_t *decode(const char *text, size_t n)
{
	return msg_make(sip_default_mclass(), 0, text, (ssize_t)n);
}

static bool is_complete(const sip_t *s)
{
	return s && !s->sip_error && s->sip_request && s->sip_via && s->sip_from && s->sip_to &&
	       s->sip_call_id && s->sip_cseq && s->sip_max_forwards && s->sip_route &&
	       s->sip_content_type && s->sip_payload;
}

#define COPY(to, from) snprintf(to, sizeof(to), "%s", (from) ? (from) : "")

bool sofia_read(const char *text, size_t n, struct theirs *ret)
{
	msg_t *msg = decode(text, n);
	const sip_t *s = msg ? sip_object(msg) : NULL;
	bool ok = is_complete(s);

	if (ok) {
		COPY(ret->method, s->sip_request->rq_method_name);
		COPY(ret->branch, s->sip_via->v_branch);
		COPY(ret->from_user, s->sip_from->a_url->url_user);
		COPY(ret->from_tag, s->sip_from->a_tag);
		COPY(ret->to_host, s->sip_to->a_url->url_host);
		COPY(ret->call_id, s->sip_call_id->i_id);
		ret->cseq = (unsigned)s->sip_cseq->cs_seq;
		ret->max_forwards = (unsigned)s->sip_max_forwards->mf_count;
		ret->n_body = s->sip_payload->pl_len;
		ret->vias = 0;
		for (const sip_via_t *v = s->sip_via; v; v = v->v_next)
			ret->vias++;
	}
	msg_destroy(msg);
	return ok;
}

bool sofia_repeat(const char *text, size_t n, unsigned times)
{
	for (unsigned i = 0; i < times; i++) {
		msg_t *msg = decode(text, n);
		bool ok = msg && is_complete(sip_object(msg));

		msg_destroy(msg);
		if (!ok)
			return false;
	}
	return true;
}
