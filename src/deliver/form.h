/* form.h - a notice in the forms that receivers read.  Pure: bytes out, nothing is sent.
 *
 * The labels are what identifies an alert and never change during an incident: alertname
 * (StoxTestFailed; StoxTrial), test, pool, partner, direction (to, from), severity, and those of
 * the test.  A test's label that is called like one of ours gets "exported_" in front, as
 * Prometheus does it; what a label's name must not hold becomes '_', and an empty label is none.
 * The reason may change from one run to the next: it is an annotation.
 */
#pragma once

#include "deliver/notice.h"

enum {
	FORM_BYTES_MAX = 128 * 1024, /* of a body; the buffer handed in may hold less */
};

/* A webhook of Alertmanager, version "4": one group with one alert. */
void form_put_webhook(struct buf *b, const struct deliver_notice *n, struct slice receiver,
	struct slice external_url, text_look_up *look_up);
/* For POST /api/v2/alerts of Alertmanager.  What fails is over there when it has not been told
 * again for `valid_us`. */
void form_put_alerts(
	struct buf *b, const struct deliver_notice *n, int64_t valid_us, text_look_up *look_up);
/* Alertmanager's own: FNV-1a of the labels, 16 hexadecimal digits.  The same over an incident. */
uint64_t form_fingerprint(const struct deliver_notice *n);

struct form_mail {
	const char *from;      /* an address; "Name <address>" is not one */
	const char *const *to; /* addresses */
	unsigned n_to;
	const char *host; /* of the Message-ID */
};

/* An address as SMTP takes it (RFC 5321 section 4.1.2, dot-strings only), so that nothing can be
 * smuggled into a header or a command. */
bool form_is_address(const char *address);
/* `host` if it is a name of one, else one that nobody has. */
const char *form_host(const char *host);
/* A mail (RFC 5322), lines ending with CR LF.  Mails of one incident are a thread, and one that is
 * sent again because nobody knows whether it got there has the Message-ID that it had. */
void form_put_mail(struct buf *b, const struct deliver_notice *n, const struct form_mail *mail,
	text_look_up *look_up);

/* "STOX_ALERT_KIND=failing" and so on, each with a NUL behind it. */
void form_put_environment(struct buf *b, const struct deliver_notice *n, text_look_up *look_up);
