/* recent.h - the messages that ended last, for who asks a running gateway: a ring of fixed size.
 */
#pragma once

#include "base/slice.h"
#include "gateway/gateway.h"

enum {
	RECENT_MESSAGES = 256,
	RECENT_TEXT_MAX = 128, /* of one text; what is longer is cut */
};

enum recent_text {
	RECENT_FROM,
	RECENT_TO,
	RECENT_ID,
	RECENT_CALL_ID,
	RECENT_TEXTS,
};

struct recent_message {
	enum gateway_way way;
	enum gateway_outcome outcome;
	int status;        /* in SIP; 0: it never got one */
	const char *cause; /* static text; NULL: it was carried */
	ts_t began, ended;
	uint64_t ref; /* 0, or its id is the text of this one (gateway/ids.h): made when it is read
		       */
	uint8_t n[RECENT_TEXTS]; /* bytes of each text, one behind the other */
	uint8_t texts[RECENT_TEXTS * RECENT_TEXT_MAX];
};

struct recent {
	struct recent_message list[RECENT_MESSAGES];
	uint64_t n;                                     /* ever */
	uint64_t ended[GATEWAY_WAYS][GATEWAY_OUTCOMES]; /* ever, too */
};

/* The next one, to be filled in whole but for the texts behind their ends: the oldest is gone. */
struct recent_message *recent_next(struct recent *r);
/* 0 is the last that ended; NULL behind the oldest. */
const struct recent_message *recent_at(const struct recent *r, size_t i);
struct slice recent_text(const struct recent_message *m, enum recent_text which);
