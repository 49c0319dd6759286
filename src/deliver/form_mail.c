/* A mail: RFC 5322, its body quoted-printable (RFC 2045 section 6.7), its subject in encoded words
 * (RFC 2047) where it is not plain. */
#include <string.h>

#include "base/str.h"
#include "deliver/form.h"

enum {
	LINE = 76,     /* RFC 2045 section 6.7 (5), RFC 2047 section 2 */
	SUBJECT = 400, /* bytes: what is over it is in the body, too */
	ADDRESS_MAX = 254,
	LOCAL_MAX = 64,
	LABEL_MAX = 63, /* RFC 5321 section 4.5.3.1 */
};

/* ---- addresses ---- */

/* RFC 5322 section 3.2.3; what is not ASCII would need SMTPUTF8 all the way. */
static bool is_atext(uint8_t c)
{
	return ascii_is_alpha(c) || ascii_is_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_dot_string(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_atext(s.p[i]) && (s.p[i] != '.' || i == 0 || s.p[i - 1] == '.'))
			return false;
	return s.n > 0 && s.n <= LOCAL_MAX && s.p[s.n - 1] != '.';
}

static bool is_domain_label(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]) && s.p[i] != '-')
			return false;
	return s.n > 0 && s.n <= LABEL_MAX && s.p[0] != '-' && s.p[s.n - 1] != '-';
}

static bool is_domain(struct slice s)
{
	bool ret = s.n > 0 && s.p[s.n - 1] != '.';

	while (s.n)
		ret = is_domain_label(slice_split(&s, '.')) && ret;
	return ret;
}

bool form_is_address(const char *address)
{
	struct slice s = slice_str(address);
	const bool fits = s.n <= ADDRESS_MAX;
	const struct slice local = slice_split(&s, '@');

	return fits && is_dot_string(local) && is_domain(s);
}

const char *form_host(const char *host)
{
	return is_domain(slice_str(host)) ? host : "stox.invalid";
}

/* ---- the subject ---- */

static bool is_plain(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return slice_find(s, SLICE("=?")) == SIZE_MAX;
}

/* Words of a header, broken before one that goes over the line. */
static void put_folded(struct buf *b, const char *name, struct slice s)
{
	size_t column = strlen(name) + 1;

	buf_printf(b, "%s:", name);
	while (s.n) {
		const struct slice word = slice_split(&s, ' ');

		if (column + 1 + word.n > LINE && column > strlen(name) + 1) {
			buf_puts(b, "\r\n");
			column = 0;
		}
		buf_putc(b, ' ');
		buf_put(b, word);
		column += 1 + word.n;
	}
	buf_puts(b, "\r\n");
}

/* No character is cut in two, and no word is longer than the line (RFC 2047 section 5). */
static void put_encoded(struct buf *b, const char *name, struct slice s)
{
	enum { WORD = 42 }; /* bytes; 56 of base64, and 12 around them, behind a name */
	const char *before = " ";
	uint32_t c;

	buf_printf(b, "%s:", name);
	while (s.n) {
		size_t n = 0;

		for (size_t more; (more = utf8_decode(slice_skip(s, n), &c)) && n + more <= WORD;)
			n += more;
		n = n ? n : s.n; /* never with clean text */
		buf_printf(b, "%s=?utf-8?B?", before);
		base64_put(b, slice_cut(s, 0, n));
		buf_puts(b, "?=");
		s = slice_skip(s, n);
		before = "\r\n ";
	}
	buf_puts(b, "\r\n");
}

/* The longest beginning that ends with a whole character. */
static struct slice cut(struct slice s, size_t max)
{
	while (s.n > max || (s.n && !utf8_valid(s, NULL)))
		s.n = s.n > max ? max : s.n - 1;
	return s;
}

static void put_subject(struct buf *b, const struct deliver_notice *n, text_look_up *look_up)
{
	const struct text state = notice_state(n), sentence = notice_sentence(n);
	struct buf subject;

	buf_init(&subject, NOTICE_BYTES_MAX);
	text_put(&subject, &state, look_up);
	buf_puts(&subject, look_up ? look_up(N_(": ")) : ": ");
	text_put(&subject, &sentence, look_up);
	const struct slice s = cut(buf_slice(&subject), SUBJECT);
	if (is_plain(s))
		put_folded(b, "Subject", s);
	else
		put_encoded(b, "Subject", s);
	b->err = b->err ? b->err : buf_err(&subject);
	buf_done(&subject);
}

/* ---- other headers ---- */

/* RFC 5322 section 3.3. */
static void put_date(struct buf *b, const struct deliver_notice *n)
{
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul",
		"Aug", "Sep", "Oct", "Nov", "Dec" };
	struct zone utc;

	zone_open_utc(&utc);
	const struct zone_local l = zone_to_local(n->zone ? n->zone : &utc, n->now_at);
	const struct civil *c = &l.civil;
	const int minutes = (l.offset_s < 0 ? -l.offset_s : l.offset_s) / 60;
	buf_printf(b, "Date: %s, %d %s %04d %02d:%02d:%02d %c%02d%02d\r\n",
		days[civil_weekday(civil_days(c->year, c->month, c->day))], c->day,
		months[c->month - 1], (int)c->year, c->hour, c->minute, c->second,
		l.offset_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

/* Of the incident's first mail.  It is made from what the incident is, so that all that follow know
 * it, also those of another watcher. */
static void put_first_id(struct buf *b, const struct deliver_notice *n, const char *host)
{
	buf_printf(b, "<%llx.%llx@%s>", (unsigned long long)n->test,
		(unsigned long long)n->incident.begin_at, form_host(host));
}

static bool is_first(const struct deliver_notice *n)
{
	return n->kind == ALERT_FAILING && n->incident.times <= 1 && !n->is_trial;
}

static void put_ids(struct buf *b, const struct deliver_notice *n, const char *host)
{
	buf_puts(b, "Message-ID: ");
	if (is_first(n)) {
		put_first_id(b, n, host);
		buf_puts(b, "\r\n");
		return;
	}
	buf_printf(b, "<%llx.%llx.%s.%u.%u@%s>\r\n", (unsigned long long)n->test,
		(unsigned long long)(n->is_trial ? n->now_at : n->incident.begin_at),
		notice_kind_name(n), n->incident.times, n->incident.runs, form_host(host));
	if (n->is_trial)
		return;
	buf_puts(b, "In-Reply-To: ");
	put_first_id(b, n, host);
	buf_puts(b, "\r\nReferences: ");
	put_first_id(b, n, host);
	buf_puts(b, "\r\n");
}

static void put_to(struct buf *b, const struct form_mail *mail)
{
	buf_puts(b, "To:");
	for (unsigned i = 0; i < mail->n_to; i++)
		buf_printf(b, " %s%s\r\n", mail->to[i], i + 1 < mail->n_to ? "," : "");
}

/* ---- the body ---- */

/* RFC 2045 section 6.7: a line ends as it is, or with "=" where it would be too long.  A dot or a
 * "From " at its beginning is kept from what would change it on the way. */
static void put_quoted_printable(struct buf *b, struct slice s)
{
	size_t column = 0;

	for (size_t i = 0; i < s.n; i++) {
		const uint8_t c = s.p[i];
		const bool is_last = i + 1 == s.n || s.p[i + 1] == '\n';
		const bool is_safe =
			c > ' ' && c <= '~' && c != '=' && !(column == 0 && (c == '.' || c == 'F'));

		if (c == '\n') {
			buf_puts(b, "\r\n");
			column = 0;
			continue;
		}
		if (column + 3 > LINE - 1) {
			buf_puts(b, "=\r\n");
			column = 0;
		}
		if (is_safe || (c == ' ' && !is_last)) {
			buf_putc(b, c);
			column++;
		} else {
			buf_printf(b, "=%02X", (unsigned)c);
			column += 3;
		}
	}
}

void form_put_mail(struct buf *b, const struct deliver_notice *n, const struct form_mail *mail,
	text_look_up *look_up)
{
	struct buf text;

	put_date(b, n);
	buf_printf(b, "From: %s\r\n", mail->from);
	put_to(b, mail);
	put_subject(b, n, look_up);
	put_ids(b, n, mail->host);
	buf_puts(b, "Auto-Submitted: auto-generated\r\n" /* RFC 3834 section 5 */
		    "MIME-Version: 1.0\r\n"
		    "Content-Type: text/plain; charset=utf-8\r\n"
		    "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
	buf_init(&text, NOTICE_BYTES_MAX);
	notice_put_text(&text, n, look_up);
	put_quoted_printable(b, buf_slice(&text));
	b->err = b->err ? b->err : buf_err(&text);
	buf_done(&text);
}
