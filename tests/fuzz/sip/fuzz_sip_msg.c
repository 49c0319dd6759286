/* A message: what is accepted is whole, what is refused has its place, and what can be answered
 * gives an answer that is itself a message. */
#include <assert.h>

#include "sip/hdr.h"
#include "sip/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sip_msg msg, answer;

static void inside(struct slice part, struct slice in)
{
	assert(part.n == 0 || (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

static void check_rows(struct slice in)
{
	assert(msg.n_hdrs <= SIP_HDRS_MAX);
	for (unsigned i = 0; i < msg.n_hdrs; i++) {
		assert(msg.hdrs[i].name.n > 0 && msg.hdrs[i].id < SIP_HDR_COUNT);
		inside(msg.hdrs[i].name, in);
		inside(msg.hdrs[i].value, in);
	}
}

static void check_accepted(struct slice in)
{
	unsigned at = 0;

	inside(msg.text, in);
	inside(msg.body, in);
	assert(msg.via.host.n && msg.from.uri_text.n && msg.to.uri_text.n && msg.call_id.n);
	assert(sip_msg_find(&msg, SIP_HDR_CSEQ, &at) && !sip_msg_find(&msg, SIP_HDR_CSEQ, &at));
	assert(msg.max_forwards >= SIP_UNSET && msg.max_forwards <= 255);
	assert(msg.is_request ? msg.ruri_text.n > 0 : msg.status >= 100 && msg.status <= 699);
	assert(!msg.has_controls);
}

/* What was refused is repeated as it came, so that the answer to it may be wrong in the same way;
 * but never by a byte that cannot be in a header. */
static void check_answer(int status, bool was_refused)
{
	struct addr source = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 1 } };
	struct sip_refusal refusal;
	struct buf b;

	buf_init(&b, 2 * SIP_MSG_MAX);
	sip_put_response_head(&b, &msg, status, SLICE("t1"), &source);
	sip_put_body(&b, SLICE_NONE);
	assert(buf_err(&b) == 0);
	int err = sip_msg_decode(buf_slice(&b), &answer, &refusal);
	/* Together they may have more rows or bytes than one message may. */
	assert(err == 0 || err == ERR_LIMIT || was_refused);
	assert(!answer.has_controls);
	assert(answer.status == status);
	if (!err && !was_refused) {
		assert(answer.to.tag.n > 0);
		assert(slice_eq(answer.call_id, msg.call_id) && answer.cseq == msg.cseq);
		assert(slice_eq(answer.via.branch, msg.via.branch));
	}
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size);
	struct sip_refusal refusal = { .where = { SIZE_MAX, NULL } };

	int err = sip_msg_decode(in, &msg, &refusal);
	check_rows(in);
	if (err) {
		assert(refusal.where.what && refusal.where.offset <= size);
		assert(refusal.status >= 400 && refusal.status < 600);
	} else {
		check_accepted(in);
	}
	if (err ? refusal.answerable == SIP_ANSWERABLE : msg.is_request)
		check_answer(err ? refusal.status : 200, err != 0);
	return 0;
}
