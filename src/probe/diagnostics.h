/* diagnostics.h - the codes of Lync's ms-diagnostics header ([MS-OCER]) in words.
 *
 * The header of a response: `1003;source="sip.litware.test";reason="User does
 * not exist"`.  Clients go by the code, not by the reason's text.
 */
#pragma once

#include "base/text.h"
#include "probe/reason.h"

struct diagnostics_row {
	uint32_t code;
	const char *meaning; /* translated by who shows it */
	enum reason reason;  /* for a MESSAGE that was refused with it; NONE: the status decides */
};

/* NULL when the code is in no list that could be had: then that is said, and nothing invented. */
const struct diagnostics_row *diagnostics_find(uint32_t code);
/* Of an unknown code: what its range is about ("the SIP stack"), or NULL. */
const char *diagnostics_range(uint32_t code);
