/* json.h - what JSON objects of results share.  NULL when memory is out: it is seen at the
 * end by what is missing. */
#pragma once

#include <jansson.h>

#include "report/check.h"
#include "report/private.h"

void report_json_set(json_t *o, const char *key, json_t *value);
json_t *report_json_seconds(ts_t t);
json_t *report_json_string(const char *raw); /* what a peer said becomes UTF-8 */
json_t *report_json_slice(struct slice raw);
json_t *report_json_string_or_null(const char *raw);
json_t *report_json_sentence(const struct text *t, text_look_up *look_up);
json_t *report_json_address(const struct addr *a);
json_t *report_json_time(int64_t us_since_1970);
json_t *report_json_tls(const struct tls_facts *tls);
/* Of a failure: the run's result is looked at for its evidence and its reason. */
json_t *report_json_evidence(const struct report_run *run);
json_t *report_json_diagnosis(const struct report_run *run);
/* The object as text, flags as for json_dumps(); it is given back. */
int report_json_put(struct buf *b, json_t *o, size_t flags);
/* Of a sweep: check_json.c.  NULL: memory is out. */
json_t *report_check_object(const struct report_check *check);
