#include "probe/token.h"

#include <string.h>

void token_put(struct buf *b, const char *word, const struct token *t)
{
	buf_printf(b, "%s%s-%s-%u-%llu-%llu", word, t->nonce, t->run, t->round,
		(unsigned long long)t->sent_s, (unsigned long long)t->limit_s);
}

/* Up to the next dash, which is taken, too. */
static bool take_number(struct slice *rest, uint64_t max, uint64_t *ret)
{
	return slice_u64(slice_split(rest, '-'), max, ret);
}

static size_t digits(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
		n++;
	return n;
}

bool token_find(struct slice body, const char *word, struct token *ret)
{
	const size_t at = slice_find(body, slice_str(word));
	struct token t;
	uint64_t round;

	if (at == SIZE_MAX)
		return false;
	struct slice rest = slice_skip(body, at + strlen(word));
	if (!slice_cstr(slice_split(&rest, '-'), t.nonce, sizeof(t.nonce)) ||
		!slice_cstr(slice_split(&rest, '-'), t.run, sizeof(t.run)) ||
		!take_number(&rest, UINT32_MAX, &round) ||
		!take_number(&rest, UINT32_MAX, &t.sent_s) ||
		!slice_u64(slice_cut(rest, 0, digits(rest)), UINT32_MAX, &t.limit_s))
		return false;
	t.round = (unsigned)round;
	*ret = t;
	return true;
}
