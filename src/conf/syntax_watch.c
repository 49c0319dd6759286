/* The syntax of values below `watch`. */
#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"
#include "conf/conf.h"
#include "conf/syntax.h"

enum {
	WORD_MAX = 64,
	ZONE_MAX = 64,   /* bytes of a zone's name, as in watch/window.h */
	LABEL_MAX = 200, /* bytes, all of it */
	URL_MAX = 2000,
	MEMBER_MAX = 76, /* bytes: 64 of a name, and the way in front */
};

static bool is_alnum(uint8_t c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c);
}

static bool word_ok(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_alnum(s.p[i]) && s.p[i] != '.' && s.p[i] != '_' && s.p[i] != '-')
			return false;
	return s.n > 0 && s.n <= WORD_MAX;
}

/* Part of a path: no dots, and no slash in front, behind or twice. */
static bool zone_ok(struct slice s)
{
	bool may_slash = false;

	for (size_t i = 0; i < s.n; i++) {
		const uint8_t c = s.p[i];

		if (c == '/' ? !may_slash : !is_alnum(c) && c != '_' && c != '+' && c != '-')
			return false;
		may_slash = c != '/';
	}
	return may_slash && s.n <= ZONE_MAX;
}

/* Its decoder is watch/window.h, which says more when it is used. */
static bool window_ok(struct slice s)
{
	return syntax_line.ok(s);
}

static bool read_n_of_m(struct slice s, uint64_t *n, uint64_t *m)
{
	const size_t of = slice_find(s, SLICE(" of "));

	return of < s.n && slice_u64(slice_cut(s, 0, of), CONF_RUNS_MAX, n) &&
	       slice_u64(slice_skip(s, of + 4), CONF_RUNS_MAX, m) && *n > 0 && *n <= *m;
}

static bool n_of_m_ok(struct slice s)
{
	uint64_t n, m;

	return read_n_of_m(s, &n, &m);
}

void syntax_read_n_of_m(struct slice s, unsigned *ret_n, unsigned *ret_m)
{
	uint64_t n = 1, m = 1;

	(void)read_n_of_m(s, &n, &m);
	*ret_n = (unsigned)n;
	*ret_m = (unsigned)m;
}

/* A name that is one for Prometheus, too. */
static bool label_ok(struct slice s)
{
	struct slice value = s;
	const struct slice name = slice_split(&value, '=');

	if (s.n > LABEL_MAX || name.n == 0 || ascii_is_digit(name.p[0]) || value.n == 0)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (!is_alnum(name.p[i]) && name.p[i] != '_')
			return false;
	return syntax_line.ok(value);
}

/* What stands in front of it, if it is one of the two schemes: false if it is not. */
static bool take_scheme(struct slice *s, struct slice plain, struct slice secure)
{
	const size_t colon = slice_find(*s, SLICE("://"));

	if (colon >= s->n || (!slice_eq(slice_cut(*s, 0, colon), plain) &&
				     !slice_eq(slice_cut(*s, 0, colon), secure)))
		return false;
	*s = slice_skip(*s, colon + 3);
	return true;
}

/* A user in it would be a password in the file, too; and what is behind a # is never sent. */
static bool url_ok(struct slice s)
{
	struct slice rest = s;
	size_t end = 0;

	if (s.n > URL_MAX || !take_scheme(&rest, SLICE("http"), SLICE("https")))
		return false;
	for (size_t i = 0; i < rest.n; i++)
		if (rest.p[i] <= ' ' || rest.p[i] >= 0x7f || rest.p[i] == '#')
			return false;
	while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?')
		end++;
	return syntax_server.ok(slice_cut(rest, 0, end));
}

static bool mail_server_ok(struct slice s)
{
	return take_scheme(&s, SLICE("smtp"), SLICE("smtps")) && syntax_server.ok(s);
}

/* Bare, of RFC 5321 section 4.1.2 and its dot-strings only: it becomes a command and a header. */
static bool mail_ok(struct slice s)
{
	const struct slice domain = slice_skip(s, slice_chr(s, '@') + 1);
	const struct slice more = SLICE("!#$%&'*+-/=?^_`{|}~");
	const size_t at = slice_chr(s, '@');
	bool may_dot = false;

	if (at >= s.n || at > WORD_MAX || !syntax_domain.ok(domain))
		return false;
	for (size_t i = 0; i < domain.n; i++)
		if (domain.p[i] >= 0x7f)
			return false;
	for (size_t i = 0; i < at; i++) {
		const uint8_t c = s.p[i];

		if (c == '.' ? !may_dot : !is_alnum(c) && slice_chr(more, c) == more.n)
			return false;
		may_dot = c != '.';
	}
	return may_dot;
}

static bool web_listen_ok(struct slice s)
{
	const struct slice https = SLICE(CONF_HTTPS);

	return syntax_ip_port.ok(slice_starts(s, https) ? slice_skip(s, https.n) : s);
}

/* Its reader is watch/roles.h.  A name that is shown and logged, and compared as it is. */
static bool role_member_ok(struct slice s)
{
	return s.n <= MEMBER_MAX && syntax_line.ok(s);
}

static bool sha256_ok(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (hex_digit(s.p[i]) < 0)
			return false;
	return s.n == 64;
}

const struct syntax syntax_sha256 = { sha256_ok, N_("HASH"),
	N_("a SHA-256 as 64 hexadecimal digits, as `sha256sum` writes it") };
const struct syntax syntax_word = { word_ok, N_("NAME"),
	N_("a name of letters, digits, `.`, `_` and `-`, like on-call") };
const struct syntax syntax_zone = { zone_ok, N_("ZONE"),
	N_("the name of a time zone, like Europe/Paris") };
const struct syntax syntax_window = { window_ok, N_("WINDOW"), N_("text on one line") };
const struct syntax syntax_n_of_m = { n_of_m_ok, N_("N of M"),
	N_("N of M with 1 <= N <= M <= 16, like 2 of 3") };
const struct syntax syntax_label = { label_ok, N_("NAME=VALUE"),
	N_("NAME=VALUE, like team=messaging") };
const struct syntax syntax_url = { url_ok, N_("URL"),
	N_("a URL of http or https without a user, like https://alerts.example.org/stox") };
const struct syntax syntax_mail_server = { mail_server_ok, N_("URL"),
	N_("smtp://HOST[:PORT] or smtps://HOST[:PORT], like smtp://127.0.0.1:25") };
const struct syntax syntax_mail = { mail_ok, N_("ADDRESS"),
	N_("an address of e-mail, like on-call@example.org") };
const struct syntax syntax_web_listen = { web_listen_ok, N_("[https://]IP:PORT"),
	N_("IP:PORT or https://IP:PORT, like 127.0.0.1:8080 or https://192.0.2.1:8443") };
const struct syntax syntax_role_member = { role_member_ok, N_("KIND:NAME"),
	N_("KIND:NAME of at most 76 bytes, like group:helpdesk, or loopback") };
