/* charset.h - text in one of the few charsets that peers still write, to UTF-8.
 *
 * Tables of our own: iconv(3) loads its from files, which pure code must not,
 * and which a container may lack.
 */
#pragma once

#include "base/buf.h"

enum charset {
	CHARSET_UTF_8,
	CHARSET_ISO_8859_15,
	CHARSET_WINDOWS_1252,
	CHARSET_UTF_16, /* a mark says in which order, else the high byte comes first (RFC 2781) */
	CHARSET_UTF_16BE,
	CHARSET_UTF_16LE,
};

/* By any of its names at IANA; case, hyphens and the like do not count.  US-ASCII is read as UTF-8,
 * and ISO-8859-1 as windows-1252, which has letters where the former has controls. */
bool charset_find(struct slice name, enum charset *ret);
/* A byte order mark stays one: U+FEFF.  0, ERR_SYNTAX: bytes that this charset does not have, or
 * the buffer's error. */
int charset_put_utf8(struct buf *b, enum charset charset, struct slice in);
/* One byte of it; 0 for 0 and for the five that stand for nothing. */
uint32_t charset_of_windows_1252(uint8_t byte);
