/* slice.h - borrowed bytes.
 *
 * A slice never owns; what it points at must outlive it.  `p` may be NULL
 * only when `n` is 0.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
	const uint8_t *p;
	size_t n;
};

#define SLICE(lit) ((struct slice){ (const uint8_t *)("" lit), sizeof(lit) - 1 })
#define SLICE_NONE ((struct slice){ NULL, 0 })
/* For printf("%.*s", SLICE_FMT(s)). */
#define SLICE_FMT(s) (int)(s).n, (const char *)((s).p ? (s).p : (const uint8_t *)"")

struct slice slice_str(const char *s); /* NULL gives the empty slice */
struct slice slice_of(const void *p, size_t n);
struct slice slice_cut(struct slice s, size_t from, size_t to); /* [from, to), clamped */
struct slice slice_skip(struct slice s, size_t n);              /* without the first n, clamped */
struct slice slice_trim(struct slice s); /* without SP, HTAB, CR, LF at both ends */
bool slice_eq(struct slice a, struct slice b);
bool slice_ieq(struct slice a, struct slice b); /* ASCII case is ignored */
bool slice_eqs(struct slice a, const char *s);
bool slice_ieqs(struct slice a, const char *s);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
int slice_cmp(struct slice a, struct slice b); /* memcmp order, then length */
/* Offset of the first such byte, or s.n. */
size_t slice_chr(struct slice s, uint8_t c);
size_t slice_find(struct slice s, struct slice what); /* offset, or SIZE_MAX */
/* The part before the first `c`; *s becomes what is behind it (empty when there is no `c`). */
struct slice slice_split(struct slice *s, uint8_t c);
/* Decimal digits only, no sign, at least one; false when it is not that or over `max`. */
bool slice_u64(struct slice s, uint64_t max, uint64_t *ret);
/* Copies into buf as a C string; false (and an empty string) when it does not fit or has a NUL. */
bool slice_cstr(struct slice s, char *buf, size_t size);
