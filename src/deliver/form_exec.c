/* The environment of a program that is told of a notice: for machines, and so in no language but
 * for the sentence. */
#include "base/str.h"
#include "deliver/form.h"

static void put(struct buf *b, const char *name, struct slice value)
{
	buf_printf(b, "STOX_ALERT_%s=", name);
	text_put_clean(b, value);
	buf_putc(b, '\0');
}

static void put_text(struct buf *b, const char *name, struct text t, text_look_up *look_up)
{
	buf_printf(b, "STOX_ALERT_%s=", name);
	text_put(b, &t, look_up);
	buf_putc(b, '\0');
}

/* Empty for what has not come. */
static void put_time(struct buf *b, const char *name, int64_t at)
{
	buf_printf(b, "STOX_ALERT_%s=", name);
	if (at)
		rfc3339_put(b, at);
	buf_putc(b, '\0');
}

void form_put_environment(struct buf *b, const struct deliver_notice *n, text_look_up *look_up)
{
	const struct incident *i = &n->incident;
	const bool has_reason = i->reason != REASON_NONE && !n->is_trial;

	put(b, "KIND", slice_str(notice_kind_name(n)));
	put_text(b, "STATE", notice_state(n), look_up);
	put(b, "SEVERITY", slice_str(notice_severity_name(n->severity)));
	put_text(b, "SUMMARY", notice_sentence(n), look_up);
	put(b, "TEST", n->name);
	put(b, "POOL", n->pool);
	put(b, "PARTNER", n->partner);
	put(b, "DIRECTION", slice_str(notice_direction_name(n->direction)));
	put(b, "REASON", slice_str(has_reason ? reason_id(i->reason) : ""));
	put(b, "MESSAGE", n->message);
	put_time(b, "SINCE", i->begin_at);
	put_time(b, "UNTIL", i->end_at);
	put(b, "RUN", n->run_url);
	put(b, "LOCATION", n->location);
	buf_printf(b, "STOX_ALERT_FINGERPRINT=%016llx%c", (unsigned long long)form_fingerprint(n),
		'\0');
}
