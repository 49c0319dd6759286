/* What several forms of a result say: the failure's sentence, its commands, limits, signs. */
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "report/private.h"

enum { LABEL_MIN = 14 }; /* the ancestor's labels are that wide */

ts_t report_latency(const struct report_run *run)
{
	const struct probe_result *r = run->result;

	return r->round.n ? r->round.max : r->latency;
}

bool report_is_over_limit(const struct report_run *run)
{
	return run->result->success && run->max_latency && report_latency(run) > run->max_latency;
}

int report_exit_status(const struct report_run *run)
{
	enum { OVER_LIMIT = 4 };
	const struct probe_result *r = run->result;

	if (!r->success)
		return reason_info(r->reason)->exit_status;
	return report_is_over_limit(run) ? OVER_LIMIT : 0;
}

void report_put_limit(struct buf *b, const struct report_run *run)
{
	const struct text t = TEXT(N_("The latency of {1} s is over the limit of {2} s."),
		text_fine_seconds(report_latency(run)), text_fine_seconds(run->max_latency));

	text_put(b, &t, run->look_up);
}

/* A note is a clause, here it stands as a sentence; one that begins with a name keeps it. */
static void put_cause(struct buf *b, const struct probe_note *n, text_look_up *look_up)
{
	const char *clause = look_up ? look_up(n->text.id) : n->text.id;
	struct buf text;

	buf_init(&text, 8192);
	text_put(&text, &n->text, look_up);
	struct slice rest = buf_slice(&text);
	if (rest.n && clause[0] >= 'a' && clause[0] <= 'z') {
		buf_putc(b, (uint8_t)(clause[0] - 'a' + 'A'));
		rest = slice_skip(rest, 1);
	}
	buf_put(b, rest);
	buf_puts(b, ". ");
	buf_done(&text);
}

void report_put_message(struct buf *b, const struct report_run *run)
{
	const struct probe_result *r = run->result;

	for (unsigned i = 0; i < r->n_notes; i++)
		if (r->notes[i].is_cause)
			put_cause(b, &r->notes[i], run->look_up);
	text_put(b, &r->message, run->look_up);
}

void report_put_where(struct buf *b, const struct report_run *run)
{
	const struct probe_result *r = run->result;
	const struct text t = TEXT(
		N_("{1} in {2}"), text_str(reason_id(r->reason)), text_str(phase_name(r->phase)));

	text_put(b, &t, run->look_up);
}

/* ---- commands ---- */

static const struct addr *address_of(const struct probe_result *r)
{
	return r->evidence.address.family ? &r->evidence.address : &r->phases[r->phase].address;
}

/* A command is pasted into a shell, and a name may be what a stranger's zone says: one with a
 * character that a shell takes for its own is left to the reader. */
static void put_name(struct buf *b, struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		const uint8_t c = name.p[i];

		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c < 0x80 && c != '.' && c != '-' &&
			c != '_')
			return;
	}
	text_put_clean(b, name);
}

static void put_dns_server(struct buf *b, const struct report_run *run)
{
	enum { DNS_PORT = 53 };
	const struct addr *a = &run->result->evidence.dns_server;

	if (!a->family)
		return;
	addr_put_ip(b, a);
	if (a->port != DNS_PORT)
		buf_printf(b, " -p %u", a->port);
}

static void put_dns_name(struct buf *b, const struct report_run *run)
{
	const struct evidence *e = &run->result->evidence;

	put_name(b, slice_str(e->has_dns ? e->dns_name : ""));
}

static void put_dns_type(struct buf *b, const struct report_run *run)
{
	const struct evidence *e = &run->result->evidence;

	buf_puts(b, e->has_dns ? dns_type_name(e->dns_type) : "");
}

static void put_address(struct buf *b, const struct report_run *run)
{
	const struct addr *a = address_of(run->result);

	if (a->family)
		addr_put(b, a);
}

static void put_host(struct buf *b, const struct report_run *run)
{
	const struct addr *a = address_of(run->result);

	if (a->family)
		addr_put_ip(b, a);
}

static void put_port(struct buf *b, const struct report_run *run)
{
	const struct addr *a = address_of(run->result);

	if (a->family)
		buf_putu(b, a->port);
}

static void put_target(struct buf *b, const struct report_run *run)
{
	put_name(b, slice_str(run->result->target_fqdn));
}

static void put_receiver_domain(struct buf *b, const struct report_run *run)
{
	const struct slice s = slice_str(run->result->receiver);
	const size_t at = slice_chr(s, '@');

	put_name(b, at < s.n ? slice_skip(s, at + 1) : s); /* a sweep has a domain alone */
}

static bool is_xmpp(enum probe_phase phase)
{
	return phase >= PHASE_XMPP_RESOLVE && phase <= PHASE_XMPP_BIND;
}

/* Behind `openssl s_client -starttls`: between servers a stream has another namespace (RFC 6120
 * section 4.8.2), and a server ends one that comes with the wrong one. */
static void put_xmpp_protocol(struct buf *b, const struct report_run *run)
{
	buf_puts(b, run->between_servers ? "xmpp-server" : "xmpp");
}

/* Behind `openssl s_client -servername`: the name and, where TLS comes by STARTTLS, how to ask for
 * it. */
static void put_tls_name(struct buf *b, const struct report_run *run)
{
	const struct probe_result *r = run->result;
	const size_t before = buf_len(b);

	if (!is_xmpp(r->phase)) {
		put_target(b, run);
		return;
	}
	put_receiver_domain(b, run);
	if (buf_len(b) == before || r->phases[PHASE_XMPP_CONNECT].transport == TRANSPORT_TLS)
		return;
	buf_puts(b, " -starttls ");
	put_xmpp_protocol(b, run);
	buf_puts(b, " -xmpphost ");
	put_receiver_domain(b, run);
}

/* How a server is named by hand. */
static void put_server_option(struct buf *b, const struct report_run *run)
{
	if (!is_xmpp(run->result->phase))
		buf_puts(b, "--registrar");
	else
		buf_puts(b, run->between_servers ? "--server" : "--receiver-server");
}

static const struct {
	const char *word;
	void (*put)(struct buf *b, const struct report_run *run);
} words[] = {
	{ "DNS_SERVER", put_dns_server },
	{ "DNS_NAME", put_dns_name },
	{ "DNS_TYPE", put_dns_type },
	{ "ADDRESS", put_address },
	{ "HOST", put_host },
	{ "PORT", put_port },
	{ "TARGET", put_target },
	{ "RECEIVER_DOMAIN", put_receiver_domain },
	{ "TLS_NAME", put_tls_name },
	{ "XMPP_PROTOCOL", put_xmpp_protocol },
	{ "SERVER_OPTION", put_server_option },
};

/* What is not known stays a word in capitals. */
static void put_word(struct buf *b, const struct report_run *run, struct slice word)
{
	size_t before = buf_len(b);

	for (size_t i = 0; i < COUNT(words); i++)
		if (slice_eqs(word, words[i].word))
			words[i].put(b, run);
	if (buf_len(b) == before)
		buf_put(b, word);
}

static bool is_word(uint8_t c)
{
	return (c >= 'A' && c <= 'Z') || c == '_';
}

/* As one word of a shell, whatever the name of the file is. */
static void put_file(struct buf *b, const char *path)
{
	const bool is_plain = strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					   "0123456789/._-") == strlen(path);

	struct slice rest = slice_str(path);

	buf_puts(b, is_plain ? "" : "'");
	while (rest.n) {
		const size_t quote = slice_chr(rest, '\''), n = quote < rest.n ? quote : rest.n;

		text_put_clean(b, slice_cut(rest, 0, n));
		buf_puts(b, n < rest.n ? "'\\''" : "");
		rest = slice_skip(rest, n < rest.n ? n + 1 : n);
	}
	buf_puts(b, is_plain ? "" : "'");
}

/* "stox check partner contoso.test" for "stox test": who prints it can be asked again. */
static void put_caller(struct buf *b, const struct report_run *run)
{
	buf_puts(b, run->caller->command);
	buf_putc(b, ' ');
	const size_t before = buf_len(b);

	put_target(b, run);
	if (buf_len(b) == before)
		buf_puts(b, "NAME");
}

/* A command of ours, about the configuration that this one was about. */
static void put_program(struct buf *b, const struct report_run *run, struct slice *command)
{
	static const struct slice test = { (const uint8_t *)"stox test", 9 };
	static const struct slice gateway = { (const uint8_t *)"stox gateway", 12 };
	const bool is_test = slice_starts(*command, test);

	if (!is_test && !slice_starts(*command, gateway))
		return;
	if (is_test && run->caller)
		put_caller(b, run);
	else
		buf_put(b, is_test ? test : gateway);
	*command = slice_skip(*command, is_test ? test.n : gateway.n);
	if (run->config) {
		buf_puts(b, " --config ");
		put_file(b, run->config);
	}
}

void report_put_command(struct buf *b, const struct report_run *run, const char *command)
{
	struct slice s = slice_str(command);

	put_program(b, run, &s);

	while (s.n) {
		size_t n = 0;

		while (n < s.n && is_word(s.p[n]))
			n++;
		if (n)
			put_word(b, run, slice_cut(s, 0, n));
		else
			buf_putc(b, s.p[0]);
		s = slice_skip(s, n ? n : 1);
	}
}

/* A question has its own mark at its end. */
void report_put_colon(struct buf *b, const struct report_run *run, const char *what)
{
	/* TRANSLATORS: between what to do and the command that does it */
	buf_puts(b, slice_ends(slice_str(what), SLICE("?")) ? " " : report_look(run, N_(": ")));
}

/* ---- on a sheet ---- */

void report_put_text(struct sheet *p, const struct report_run *run, struct text t)
{
	text_put(&p->line, &t, run->look_up);
}

unsigned report_label_column(const char *const *labels, size_t n, text_look_up *look_up)
{
	unsigned column = LABEL_MIN;

	for (size_t i = 0; i < n; i++) {
		const char *label = look_up ? look_up(labels[i]) : labels[i];
		const unsigned width = sheet_width(slice_str(label));

		column = width + 1 > column ? width + 1 : column;
	}
	return column;
}

/* In a file the word alone stands, as the ancestor has it. */
void report_put_sign(struct sheet *p, bool success)
{
	static const char *const signs[2][2] = { { "FAIL", "\xe2\x9c\x97" },
		{ "OK", "\xe2\x9c\x93" } };

	if (p->style.width || p->style.colour)
		buf_printf(&p->line, "%s ", signs[success][p->style.unicode]);
}
