#include "bridge/refused.h"

#include <assert.h>

#include "base/mem.h"

static const struct refused_row rows[] = {
	[REFUSED_BAD_TYPE] = { 400, "Bad Content-Type", REFUSED_HELP_NONE },
	[REFUSED_TYPE] = { 415, "Only Text Is Carried", REFUSED_HELP_ACCEPT },
	[REFUSED_PART] = { 415, "A Required Part Is Not Text", REFUSED_HELP_ACCEPT },
	[REFUSED_CHARSET] = { 415, "Charset Not Supported", REFUSED_HELP_ACCEPT },
	[REFUSED_NOT_CHARSET] = { 400, "Body Is Not In Its Charset", REFUSED_HELP_NONE },
	[REFUSED_NOT_UTF8] = { 400, "Body Is Not UTF-8", REFUSED_HELP_NONE },
	[REFUSED_CONTROL] = { 400, "Body Has A Control Character", REFUSED_HELP_NONE },
	[REFUSED_ENCODING] = { 415, "Content-Encoding Not Supported",
		REFUSED_HELP_ACCEPT_ENCODING },
	[REFUSED_TRANSFER_ENCODING] = { 400, "Bad Content-Transfer-Encoding", REFUSED_HELP_NONE },
	[REFUSED_MULTIPART] = { 400, "Bad Multipart Body", REFUSED_HELP_NONE },
	[REFUSED_CPIM] = { 400, "Bad message/cpim", REFUSED_HELP_NONE },
	[REFUSED_MANY] = { 413, "Body Has Too Many Parts", REFUSED_HELP_NONE },
	[REFUSED_EMPTY] = { 400, "Message Has No Text", REFUSED_HELP_NONE },
	[REFUSED_SUBJECT] = { 400, "Bad Subject", REFUSED_HELP_NONE },
	[REFUSED_CALL_ID] = { 400, "Call-ID Too Long", REFUSED_HELP_NONE },
};
static_assert(COUNT(rows) == REFUSED_COUNT, "one row a reason");

const struct refused_row *refused_row(enum refused r)
{
	assert(r < REFUSED_COUNT);
	return &rows[r];
}
