#include "watch/varint.h"

enum {
	BITS = 7,
	MORE = 0x80,
};

void varint_put(struct buf *b, uint64_t v)
{
	for (; v >= MORE; v >>= BITS)
		buf_putc(b, (uint8_t)(v | MORE));
	buf_putc(b, (uint8_t)v);
}

int varint_take(struct slice *in, uint64_t *ret)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < VARINT_MAX && i < in->n; i++) {
		const uint64_t digit = in->p[i] & (MORE - 1);

		if (digit << (i * BITS) >> (i * BITS) != digit)
			return ERR_SYNTAX; /* more than 64 bits */
		v |= digit << (i * BITS);
		if (in->p[i] & MORE)
			continue;
		if (digit == 0 && i > 0)
			return ERR_SYNTAX; /* it has a shorter form */
		*in = slice_skip(*in, i + 1);
		*ret = v;
		return 0;
	}
	return ERR_SYNTAX;
}
