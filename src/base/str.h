/* str.h - text in the forms that both worlds need: UTF-8, hex, base64. */
#pragma once

#include "base/buf.h"

/* The first code point of s: its length in bytes, or 0 when s is empty or begins with none. */
size_t utf8_decode(struct slice s, uint32_t *ret);
/* One code point; U+FFFD for what is none (a surrogate, over U+10FFFF). */
void utf8_put(struct buf *b, uint32_t c);
/* RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF. */
bool utf8_valid(struct slice s, size_t *ret_bad_offset /* may be NULL */);
/* XML 1.0 section 2.2 Char: UTF-8, and no U+0000-U+001F except TAB, LF, CR, no U+FFFE/FFFF. */
bool utf8_is_xml_text(struct slice s, size_t *ret_bad_offset /* may be NULL */);
size_t utf8_count(struct slice s); /* code points of valid UTF-8 */

void hex_put(struct buf *b, struct slice bytes); /* lower case */
int hex_digit(uint8_t c);                        /* 0..15, or -1 */

void base64_put(struct buf *b, struct slice bytes); /* RFC 4648 section 4, padded */
/* Strict: padding required, no white space.  0, ERR_SYNTAX, or the buffer's error. */
int base64_decode(struct buf *b, struct slice text);

void rfc3339_put(struct buf *b, int64_t us_since_1970); /* "2026-11-25T22:29:00.123456Z" */

bool ascii_is_alpha(uint8_t c);
bool ascii_is_digit(uint8_t c);
uint8_t ascii_lower(uint8_t c);

/* `known` is the name in `names` (n of them) nearest to `got`, or NULL if none is near: for
 * "unknown key `x`; did you mean `y`?". */
const char *str_nearest(const char *got, const char *const *names, size_t n);
