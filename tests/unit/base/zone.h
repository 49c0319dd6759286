/* zone.h - a DNS of one text: "TYPE NAME DATA" a line, or "STATUS TYPE NAME".
 *
 * A name that has records of other types only has no data; one without any does not exist.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/targets.h"

enum { ZONE_WORDS = 7, ZONE_WORD_MAX = 300 };

/* The words of the next line; "" behind the last. */
static inline bool zone_line(const char **zone, char w[ZONE_WORDS][ZONE_WORD_MAX])
{
	const char *at = *zone;
	unsigned i = 0;

	if (!at || !*at)
		return false;
	for (; i < ZONE_WORDS && *at && *at != '\n'; i++) {
		const size_t n = strcspn(at, " \n");

		snprintf(w[i], ZONE_WORD_MAX, "%.*s", (int)n, at);
		at += n + (at[n] == ' ');
	}
	for (; i < ZONE_WORDS; i++)
		w[i][0] = '\0';
	*zone = at + (*at == '\n');
	return true;
}

static inline uint16_t zone_number(const char *word)
{
	return (uint16_t)strtoul(word, NULL, 10);
}

static inline void zone_record(
	char w[ZONE_WORDS][ZONE_WORD_MAX], enum dns_type type, struct dns_record *r)
{
	*r = (struct dns_record){ .type = type };
	switch (type) {
	case DNS_A:
	case DNS_AAAA: assert_true(addr_decode_ip(slice_str(w[2]), &r->addr)); break;
	case DNS_SRV:
		r->srv.priority = zone_number(w[2]);
		r->srv.weight = zone_number(w[3]);
		r->srv.port = zone_number(w[4]);
		snprintf(r->srv.target, DNS_NAME_MAX, "%.253s", strcmp(w[5], ".") ? w[5] : "");
		break;
	case DNS_NAPTR:
		r->naptr.order = zone_number(w[2]);
		r->naptr.preference = zone_number(w[3]);
		snprintf(r->naptr.flags, sizeof(r->naptr.flags), "%.3s", w[4]);
		snprintf(r->naptr.service, sizeof(r->naptr.service), "%.31s", w[5]);
		r->naptr.has_regexp = w[6][0] == '!';
		snprintf(r->naptr.replacement, DNS_NAME_MAX, "%.253s", w[6]);
		break;
	}
}

static inline bool zone_status(const char *word, enum dns_status *ret)
{
	for (*ret = DNS_TIMEOUT; *ret <= DNS_CANCELLED; ++*ret)
		if (strcmp(word, dns_status_name(*ret)) == 0)
			return true;
	return false;
}

/* What the zone says, until the next question. */
static inline struct dns_answer zone_answer(const char *zone, const struct targets_question *q)
{
	static struct dns_record records[DNS_RECORDS_MAX];
	struct dns_answer a = { .status = DNS_NXDOMAIN, .records = records };
	char w[ZONE_WORDS][ZONE_WORD_MAX];
	enum dns_status status;

	assert_true(addr_decode(SLICE("192.0.2.53:53"), &a.server));
	while (zone_line(&zone, w)) {
		if (strcasecmp(w[1], q->name) == 0) {
			if (a.status == DNS_NXDOMAIN)
				a.status = DNS_NODATA;
			if (strcasecmp(w[0], dns_type_name(q->type)) != 0)
				continue;
			a.status = DNS_OK;
			zone_record(w, q->type, &records[a.n_records++]);
		} else if (strcasecmp(w[1], dns_type_name(q->type)) == 0 &&
			   strcasecmp(w[2], q->name) == 0 && zone_status(w[0], &status)) {
			a.status = status;
		}
	}
	return a;
}
