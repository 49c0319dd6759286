#include <stdlib.h>

#include "base/str.h"
#include "xmpp/jid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was prepared stays as it is, in every way that leads to it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct where where = { .offset = SIZE_MAX };
	struct jid j, again;
	char ascii[JID_PART_MAX + 1];

	if (jid_decode(slice_of(data, size), &j, &where)) {
		if (where.offset > size || !where.what)
			abort();
		return 0;
	}
	if (jid_full(&j).n > JID_MAX || j.n_domain == 0 || !utf8_valid(jid_full(&j), NULL))
		abort();
	if (jid_decode(jid_full(&j), &again, NULL) || !jid_eq(&j, &again))
		abort();
	if (jid_make(&again, jid_local(&j), jid_domain(&j), jid_resource(&j), NULL) ||
		!jid_eq(&j, &again))
		abort();
	if (jid_domain_ascii(jid_domain(&j), ascii, sizeof(ascii)))
		abort();
	if (jid_make(&again, jid_local(&j), slice_str(ascii), SLICE(""), NULL) ||
		!jid_bare_eq(&j, &again))
		abort();
	return 0;
}
