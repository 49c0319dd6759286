#include "probe/hide.h"

#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

static void put(struct hide *h, unsigned at, struct slice secret)
{
	(void)slice_cstr(secret, h->secrets[at], HIDE_TEXT_MAX); /* too long: none that we use */
}

static void add_fixed(struct hide *h, struct slice secret)
{
	if (secret.n < HIDE_MIN || h->n_fixed == HIDE_MAX)
		return;
	put(h, h->n_fixed++, secret);
	h->n = h->n_fixed;
}

void hide_add_password(struct hide *h, struct slice password)
{
	struct buf b;

	add_fixed(h, password);
	buf_init(&b, HIDE_TEXT_MAX);
	base64_put(&b, password);
	if (password.n >= HIDE_MIN && buf_err(&b) == 0)
		add_fixed(h, buf_slice(&b));
	if (b.p)
		mem_wipe(b.p, b.cap);
	buf_done(&b);
}

static bool is_known(const struct hide *h, struct slice secret)
{
	for (unsigned i = 0; i < h->n; i++)
		if (slice_eqs(secret, h->secrets[i]))
			return true;
	return false;
}

void hide_add_proofs(struct hide *h, struct slice request)
{
	static const struct slice name = { (const uint8_t *)" response=\"", 11 };

	for (size_t at; (at = slice_find(request, name)) != SIZE_MAX;) {
		request = slice_skip(request, at + name.n);
		struct slice proof = slice_cut(request, 0, slice_chr(request, '"'));

		if (proof.n < HIDE_MIN || is_known(h, proof) || h->n_fixed == HIDE_MAX)
			continue;
		put(h, h->n_fixed + h->next, proof);
		h->next = (h->next + 1) % (HIDE_MAX - h->n_fixed);
		h->n = h->n < HIDE_MAX ? h->n + 1 : HIDE_MAX;
	}
}

void hide_in(const struct hide *h, void *text, size_t n)
{
	for (unsigned i = 0; i < h->n; i++) {
		const struct slice secret = slice_str(h->secrets[i]);
		struct slice rest = slice_of(text, n);

		for (size_t at; secret.n && (at = slice_find(rest, secret)) != SIZE_MAX;) {
			rest = slice_skip(rest, at);
			memset((uint8_t *)text + (rest.p - (const uint8_t *)text), '*', secret.n);
			rest = slice_skip(rest, secret.n);
		}
	}
}
