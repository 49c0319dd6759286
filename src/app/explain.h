/* explain.h - what `stox explain` says beside reasons: of a number, an XMPP condition, and two
 * addresses.  All of it comes from the tables that the program itself goes by.
 */
#pragma once

#include "base/sheet.h"
#include "base/text.h"

/* A SIP status, a code of ms-diagnostics ([MS-OCER]), or both; false: it is neither. */
bool explain_number(
	struct buf *b, struct slice word, text_look_up *look_up, const struct sheet_style *style);
/* "item-not-found": RFC 6120 section 8.3.3; false: there is none of that name. */
bool explain_condition(
	struct buf *b, struct slice word, text_look_up *look_up, const struct sheet_style *style);

/* Would a message between these two pass, and by which lines of the configuration?  0: it would; 1:
 * it would be refused; 2, with why in `b`: an address or the configuration is at fault; 3: no
 * memory. */
int explain_pair(
	struct buf *b, const char *from, const char *to, const char *config, text_look_up *look_up);
