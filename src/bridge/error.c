#include "bridge/error.h"

#include <assert.h>

#include "base/mem.h"

/* RFC 7247 section 7.1, table 2; the error types are those of RFC 6120 section 8.3.3. */
static const struct error_row_sip to_sip[] = {
	{ COND_BAD_REQUEST, ERROR_TYPE_MODIFY, 400, 0 },
	{ COND_CONFLICT, ERROR_TYPE_CANCEL, 400, 0 },
	{ COND_FEATURE_NOT_IMPLEMENTED, ERROR_TYPE_CANCEL, 405, 501 }, /* full, bare: note 1 */
	{ COND_FORBIDDEN, ERROR_TYPE_AUTH, 403, 603 },                 /* full, bare: note 2 */
	{ COND_GONE, ERROR_TYPE_CANCEL, 301, 410 },                    /* address, none: note 3 */
	{ COND_INTERNAL_SERVER_ERROR, ERROR_TYPE_CANCEL, 500, 0 },
	{ COND_ITEM_NOT_FOUND, ERROR_TYPE_CANCEL, 404, 604 }, /* note 2 */
	{ COND_JID_MALFORMED, ERROR_TYPE_MODIFY, 400, 0 },
	{ COND_NOT_ACCEPTABLE, ERROR_TYPE_MODIFY, 406, 606 }, /* note 2 */
	{ COND_NOT_ALLOWED, ERROR_TYPE_CANCEL, 403, 0 },
	{ COND_NOT_AUTHORIZED, ERROR_TYPE_AUTH, 401, 403 }, /* only who challenges may say 401 */
	{ COND_POLICY_VIOLATION, ERROR_TYPE_MODIFY, 403, 0 },
	{ COND_RECIPIENT_UNAVAILABLE, ERROR_TYPE_WAIT, 480, 600 }, /* note 2 */
	{ COND_REDIRECT, ERROR_TYPE_MODIFY, 302, 480 }, /* address, none: RFC 3261 21.4.18 */
	{ COND_REGISTRATION_REQUIRED, ERROR_TYPE_AUTH, 407, 403 },     /* as not-authorized */
	{ COND_REMOTE_SERVER_NOT_FOUND, ERROR_TYPE_CANCEL, 404, 408 }, /* unresolved: note 4 */
	{ COND_REMOTE_SERVER_TIMEOUT, ERROR_TYPE_WAIT, 408, 504 },     /* INVITE, other: RFC 4320 */
	{ COND_RESOURCE_CONSTRAINT, ERROR_TYPE_WAIT, 500, 0 },
	{ COND_SERVICE_UNAVAILABLE, ERROR_TYPE_CANCEL, 403, 405 }, /* never 503: note 5 */
	{ COND_SUBSCRIPTION_REQUIRED, ERROR_TYPE_AUTH, 400, 0 },
	{ COND_UNDEFINED_CONDITION, ERROR_TYPE_CANCEL, 400, 0 },
	{ COND_UNEXPECTED_REQUEST, ERROR_TYPE_WAIT, 491, 400 },
};
static_assert(COUNT(to_sip) == COND_COUNT, "RFC 6120 has 22 conditions");

/* RFC 7247 section 7.2, table 3: the single codes, then the classes. */
static const struct error_row_xmpp to_xmpp[] = {
	{ 300, 300, COND_REDIRECT },
	{ 301, 301, COND_GONE },
	{ 302, 302, COND_REDIRECT },
	{ 305, 305, COND_REDIRECT },
	{ 380, 380, COND_NOT_ACCEPTABLE },
	{ 400, 400, COND_BAD_REQUEST },
	{ 401, 401, COND_NOT_AUTHORIZED },
	{ 402, 402, COND_BAD_REQUEST },
	{ 403, 403, COND_FORBIDDEN },
	{ 404, 404, COND_ITEM_NOT_FOUND },
	{ 405, 405, COND_FEATURE_NOT_IMPLEMENTED },
	{ 406, 406, COND_NOT_ACCEPTABLE },
	{ 407, 407, COND_REGISTRATION_REQUIRED },
	{ 408, 408, COND_REMOTE_SERVER_TIMEOUT },
	{ 410, 410, COND_GONE },
	{ 413, 413, COND_POLICY_VIOLATION },
	{ 414, 414, COND_POLICY_VIOLATION },
	{ 415, 415, COND_NOT_ACCEPTABLE },
	{ 416, 416, COND_NOT_ACCEPTABLE },
	{ 420, 420, COND_FEATURE_NOT_IMPLEMENTED },
	{ 421, 421, COND_NOT_ACCEPTABLE },
	{ 423, 423, COND_RESOURCE_CONSTRAINT },
	{ 430, 430, COND_RECIPIENT_UNAVAILABLE },
	{ 439, 439, COND_FEATURE_NOT_IMPLEMENTED },
	{ 440, 440, COND_POLICY_VIOLATION },
	{ 480, 480, COND_RECIPIENT_UNAVAILABLE },
	{ 481, 481, COND_ITEM_NOT_FOUND },
	{ 482, 482, COND_NOT_ACCEPTABLE },
	{ 483, 483, COND_NOT_ACCEPTABLE },
	{ 484, 484, COND_ITEM_NOT_FOUND },
	{ 485, 485, COND_ITEM_NOT_FOUND },
	{ 486, 486, COND_RECIPIENT_UNAVAILABLE },
	{ 487, 487, COND_RECIPIENT_UNAVAILABLE },
	{ 488, 488, COND_NOT_ACCEPTABLE },
	{ 489, 489, COND_POLICY_VIOLATION },
	{ 491, 491, COND_UNEXPECTED_REQUEST },
	{ 493, 493, COND_BAD_REQUEST },
	{ 500, 500, COND_INTERNAL_SERVER_ERROR },
	{ 501, 501, COND_FEATURE_NOT_IMPLEMENTED },
	{ 502, 502, COND_REMOTE_SERVER_NOT_FOUND },
	{ 503, 503, COND_INTERNAL_SERVER_ERROR },
	{ 504, 504, COND_REMOTE_SERVER_TIMEOUT },
	{ 505, 505, COND_NOT_ACCEPTABLE },
	{ 513, 513, COND_POLICY_VIOLATION },
	{ 600, 600, COND_RECIPIENT_UNAVAILABLE },
	{ 603, 603, COND_RECIPIENT_UNAVAILABLE },
	{ 604, 604, COND_ITEM_NOT_FOUND },
	{ 606, 606, COND_NOT_ACCEPTABLE },
	{ 300, 399, COND_REDIRECT },
	{ 400, 499, COND_BAD_REQUEST },
	{ 500, 599, COND_INTERNAL_SERVER_ERROR },
	{ 600, 699, COND_RECIPIENT_UNAVAILABLE },
};
static_assert(COUNT(to_xmpp) == 52, "RFC 7247 table 3 has 48 codes and 4 classes");

/* RFC 4320 section 4.2: a non-INVITE is never answered with 408. */
static int timed_out(const struct error_context *ctx)
{
	return ctx->invite ? 408 : 504;
}

int error_to_sip(enum stanza_condition condition, const struct error_context *ctx)
{
	assert(condition < COND_COUNT);
	const struct error_row_sip *row = &to_sip[condition];

	switch (condition) {
	case COND_FEATURE_NOT_IMPLEMENTED:
	case COND_FORBIDDEN:
	case COND_ITEM_NOT_FOUND:
	case COND_NOT_ACCEPTABLE:
	case COND_RECIPIENT_UNAVAILABLE: return ctx->full_jid ? row->status : row->other_status;
	case COND_GONE:
	case COND_REDIRECT: return ctx->has_address ? row->status : row->other_status;
	case COND_NOT_AUTHORIZED:
	case COND_REGISTRATION_REQUIRED: return ctx->challenge ? row->status : row->other_status;
	case COND_REMOTE_SERVER_NOT_FOUND: return ctx->unresolved ? timed_out(ctx) : row->status;
	case COND_REMOTE_SERVER_TIMEOUT: return timed_out(ctx);
	case COND_BAD_REQUEST:
	case COND_CONFLICT:
	case COND_INTERNAL_SERVER_ERROR:
	case COND_JID_MALFORMED:
	case COND_NOT_ALLOWED:
	case COND_POLICY_VIOLATION:
	case COND_RESOURCE_CONSTRAINT:
	case COND_SERVICE_UNAVAILABLE:
	case COND_SUBSCRIPTION_REQUIRED:
	case COND_UNDEFINED_CONDITION:
	case COND_UNEXPECTED_REQUEST:
	case COND_COUNT: break;
	}
	return row->status;
}

struct error_to_xmpp error_to_xmpp(int status)
{
	assert(status >= 300 && status <= 699);
	size_t i = 0;

	while (status < to_xmpp[i].first || status > to_xmpp[i].last)
		i++;
	return (struct error_to_xmpp){ to_xmpp[i].condition, to_sip[to_xmpp[i].condition].type };
}

struct error_to_xmpp error_to_xmpp_private(int status, bool private)
{
	struct error_to_xmpp e = error_to_xmpp(status);

	if (private &&
		(e.condition == COND_ITEM_NOT_FOUND || e.condition == COND_RECIPIENT_UNAVAILABLE))
		e = (struct error_to_xmpp){ COND_SERVICE_UNAVAILABLE, ERROR_TYPE_CANCEL };
	return e;
}

const struct error_row_sip *error_rows_sip(size_t *n)
{
	*n = COUNT(to_sip);
	return to_sip;
}

const struct error_row_xmpp *error_rows_xmpp(size_t *n)
{
	*n = COUNT(to_xmpp);
	return to_xmpp;
}
