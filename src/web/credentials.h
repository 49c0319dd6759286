/* credentials.h - what a request says of who sends it: RFC 7617 (Basic) and RFC 6750 (Bearer).
 *
 * Pure.
 */
#pragma once

#include "web/request.h"

enum { WEB_PASSWORD_MAX = 256 };

enum web_credential {
	WEB_CREDENTIAL_NONE,
	WEB_CREDENTIAL_BASIC,
	WEB_CREDENTIAL_BEARER,
	WEB_CREDENTIAL_OTHER, /* a scheme that is not known here, or none that can be read */
};

/* User and password are slices of `room`, to be wiped by the caller; a token is one of the request.
 */
struct web_credentials {
	enum web_credential type;
	struct slice user, password, token;
	uint8_t room[WEB_PASSWORD_MAX + 128];
};

void web_credentials_read(struct web_credentials *ret, const struct web_request *r);
