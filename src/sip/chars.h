/* chars.h - the character classes of header values, RFC 3261 section 25.1: one load a byte. */
#pragma once

#include "base/slice.h"

enum {
	SIP_CHAR_TOKEN = 1,  /* alphanum and -.!%*_+`'~ */
	SIP_CHAR_WORD = 2,   /* what Call-ID is made of */
	SIP_CHAR_LWS = 4,    /* SP, HTAB, and CR LF of a folded line */
	SIP_CHAR_LIST = 8,   /* what ends a value of a list, or hides a comma: " < > , */
	SIP_CHAR_VALUE = 16, /* a parameter's value without quotes.  More than token and host: tags
				with "=" or "/" in them are common. */
};

extern const uint8_t sip_chars[256];

static inline bool sip_char_is(uint8_t c, uint8_t class)
{
	return (sip_chars[c] & class) != 0;
}

/* Where the run of this class that starts at i ends. */
static inline size_t sip_skip(struct slice s, size_t i, uint8_t class)
{
	while (i < s.n && (sip_chars[s.p[i]] & class))
		i++;
	return i;
}
