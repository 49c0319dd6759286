#include "app/explain.h"

#include "base/mem.h"
#include "bridge/error.h"
#include "gateway/answer.h"
#include "probe/diagnostics.h"
#include "probe/probe.h"
#include "probe/relay.h"

enum {
	STATUS_FIRST = 100,
	STATUS_LAST = 699,
	INDENT = 2,
	FIELDS_MAX = 1024,
};

struct page {
	struct sheet sheet;
	text_look_up *look_up;
};

static void put(struct page *p, struct text t, unsigned indent)
{
	text_put(&p->sheet.line, &t, p->look_up);
	sheet_end(&p->sheet, indent);
}

static void begin(struct page *p, struct buf *b, text_look_up *look_up, const struct sheet_style *s)
{
	p->look_up = look_up;
	sheet_init(&p->sheet, b, s);
}

/* ---- what the gateway itself says ---- */

static bool next_line(struct slice *rest, struct slice *ret)
{
	if (!rest->n)
		return false;
	*ret = slice_trim(slice_split(rest, '\n'));
	return true;
}

static void put_fields(const struct verdict *v, struct buf *ret)
{
	buf_init(ret, FIELDS_MAX);
	answer_put_fields(ret, v, NULL, "GATEWAY");
}

static void put_answer(struct page *p, const struct verdict *v, int status)
{
	const char *reason = answer_reason(v);
	struct buf fields;
	struct slice line;

	buf_printf(&p->sheet.line, "  %d %s", status, reason ? reason : sip_reason_phrase(status));
	sheet_end(&p->sheet, 2 * INDENT);
	put_fields(v, &fields);
	for (struct slice rest = buf_slice(&fields); next_line(&rest, &line);) {
		buf_puts(&p->sheet.line, "    ");
		buf_put(&p->sheet.line, line);
		sheet_end(&p->sheet, 3 * INDENT);
	}
	buf_done(&fields);
}

/* One of all verdicts that answer a request by themselves: those of the answers, then those of
 * what cannot be carried.  False behind the last. */
static bool verdict_at(unsigned i, struct verdict *ret)
{
	*ret = (struct verdict){ .answer = ANSWER_CONTENT };
	if (i < ANSWER_SIP_COUNT)
		ret->answer = (enum answer)i;
	else if (i < ANSWER_SIP_COUNT + REFUSED_COUNT)
		ret->refused = (enum refused)(i - ANSWER_SIP_COUNT);
	else
		return false;
	return true;
}

/* ANSWER_CONTENT alone says nothing yet. */
static bool is_own(unsigned i, const struct verdict *v)
{
	return v->answer != ANSWER_MAPPED && (i >= ANSWER_SIP_COUNT || v->answer != ANSWER_CONTENT);
}

static void put_own_answers(struct page *p, int status)
{
	struct verdict v;
	bool is_first = true;

	for (unsigned i = 0; verdict_at(i, &v); i++) {
		if (!is_own(i, &v) || answer_status(&v) != status)
			continue;
		if (is_first)
			put(p, TEXT_PLAIN(N_("The gateway answers by it:")), 0);
		put_answer(p, &v, status);
		is_first = false;
	}
}

/* ---- a status ---- */

static void put_to_xmpp(struct page *p, int status)
{
	const struct error_to_xmpp e = error_to_xmpp(status);

	put(p,
		TEXT(N_("Answered by the pool, it becomes the XMPP error {1} of type {2} (RFC 7247 "
			"section 7.2, table 3)."),
			text_str(stanza_condition_name(e.condition)),
			text_str(stanza_error_type_name(e.type))),
		0);
}

static void put_from_xmpp(struct page *p, int status)
{
	size_t n;
	const struct error_row_sip *rows = error_rows_sip(&n);
	struct buf names;

	buf_init(&names, FIELDS_MAX);
	for (size_t i = 0; i < n; i++)
		if (rows[i].status == status || rows[i].other_status == status)
			buf_printf(&names, "%s%s", buf_len(&names) ? ", " : "",
				stanza_condition_name(rows[i].condition));
	if (buf_len(&names))
		put(p,
			TEXT(N_("It is what these errors of the XMPP side become (RFC 7247 section "
				"7.1, table 2): {1}."),
				text_slice(buf_slice(&names))),
			0);
	buf_done(&names);
}

static void put_relays(struct page *p, int status)
{
	const struct relay_row *row;

	for (size_t i = 0; (row = relay_at(i)); i++) {
		if (row->status != status)
			continue;
		put(p,
			TEXT(row->phrase ? N_("Said by {1}, with \"{2}\" in its phrase:")
					 : N_("Said by {1}:"),
				text_str(row->who), text_str(row->phrase)),
			0);
		buf_puts(&p->sheet.line, "  ");
		put(p,
			TEXT(row->sentence, text_id(N_("the receiver")), text_u64((unsigned)status),
				text_str(row->phrase ? row->phrase : "..."), text_str(""),
				text_str("")),
			INDENT);
		put(p,
			TEXT(N_("  A test calls it {1}; `stox explain {1}` says what to do."),
				text_str(reason_id(row->reason))),
			INDENT);
	}
}

static void put_status(struct page *p, int status)
{
	const char *phrase = sip_reason_phrase(status);
	const enum reason reason = probe_status_reason(status);

	put(p,
		phrase[0] ? TEXT(N_("SIP status {1}: {2}"), text_u64((unsigned)status),
				    text_str(phrase))
			  : TEXT(N_("SIP status {1}: not one of the standards"),
				    text_u64((unsigned)status)),
		0);
	put_relays(p, status);
	put_own_answers(p, status);
	if (reason == REASON_NONE)
		return;
	put_from_xmpp(p, status);
	put_to_xmpp(p, status);
	put(p,
		TEXT(N_("Without more in the answer, a test calls it {1}; `stox explain {1}` says "
			"what to do."),
			text_str(reason_id(reason))),
		0);
}

/* ---- a code of ms-diagnostics ---- */

static bool says_code(const struct verdict *v, uint32_t code)
{
	struct buf fields, wanted;

	put_fields(v, &fields);
	buf_init(&wanted, 64);
	buf_printf(&wanted, "ms-diagnostics: %u;", (unsigned)code);
	const size_t at = slice_find(buf_slice(&fields), buf_slice(&wanted));
	const bool has = at < buf_len(&fields);
	buf_done(&fields);
	buf_done(&wanted);
	return has;
}

static void put_own_codes(struct page *p, uint32_t code)
{
	struct verdict v;
	bool is_first = true;

	for (unsigned i = 0; verdict_at(i, &v); i++) {
		if (!is_own(i, &v) || !says_code(&v, code))
			continue;
		if (is_first)
			put(p, TEXT_PLAIN(N_("The gateway of stox says it as well, in:")), 0);
		put_answer(p, &v, answer_status(&v));
		is_first = false;
	}
}

static void put_code(struct page *p, uint32_t code)
{
	const struct diagnostics_row *row = diagnostics_find(code);
	const char *range = diagnostics_range(code);

	put(p,
		TEXT(N_("ms-diagnostics {1}: {2}"), text_u64(code),
			text_id(row ? row->meaning : N_("not a code that stox knows"))),
		0);
	put(p,
		range ? TEXT(N_("Servers of Lync and Skype for Business say it ([MS-OCER]); its "
				"range is that of: {1}."),
				text_id(range))
		      : TEXT_PLAIN(N_("Servers of Lync and Skype for Business say it "
				      "([MS-OCER]).")),
		0);
	put_own_codes(p, code);
	if (row && row->reason != REASON_NONE)
		put(p,
			TEXT(N_("In the refusal of a message, a test calls it {1}; `stox "
				"explain {1}` says what to do."),
				text_str(reason_id(row->reason))),
			0);
}

bool explain_number(
	struct buf *b, struct slice word, text_look_up *look_up, const struct sheet_style *style)
{
	uint64_t n;
	struct page p;

	if (!slice_u64(word, UINT32_MAX, &n))
		return false;
	const bool is_status = n >= STATUS_FIRST && n <= STATUS_LAST;
	if (!is_status && !diagnostics_find((uint32_t)n) && !diagnostics_range((uint32_t)n))
		return false;
	begin(&p, b, look_up, style);
	if (is_status)
		put_status(&p, (int)n);
	else
		put_code(&p, (uint32_t)n);
	sheet_done(&p.sheet);
	return true;
}

/* ---- a condition ---- */

bool explain_condition(
	struct buf *b, struct slice word, text_look_up *look_up, const struct sheet_style *style)
{
	enum stanza_condition condition;
	size_t n;
	const struct error_row_sip *row = error_rows_sip(&n);
	struct page p;

	if (!stanza_condition_find(word, &condition))
		return false;
	while (row->condition != condition)
		row++;
	begin(&p, b, look_up, style);
	put(&p,
		TEXT(N_("{1}: an error of XMPP, of type {2} (RFC 6120 section 8.3.3)."),
			text_slice(word), text_str(stanza_error_type_name(row->type))),
		0);
	put(&p,
		row->other_status
			? TEXT(N_("To SIP it becomes {1} {2} or {3} {4}, by whether the address "
				  "had "
				  "a resource, and the notes of the table (RFC 7247 section 7.1, "
				  "table 2)."),
				  text_u64((unsigned)row->status),
				  text_str(sip_reason_phrase(row->status)),
				  text_u64((unsigned)row->other_status),
				  text_str(sip_reason_phrase(row->other_status)))
			: TEXT(N_("To SIP it becomes {1} {2} (RFC 7247 section 7.1, table 2)."),
				  text_u64((unsigned)row->status),
				  text_str(sip_reason_phrase(row->status))),
		0);
	sheet_done(&p.sheet);
	return true;
}
