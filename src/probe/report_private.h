/* report_private.h - what the forms of a report share. */
#pragma once

#include "probe/report.h"

static inline const char *report_look(const struct report_run *run, const char *id)
{
	return run->look_up ? run->look_up(id) : id;
}
/* The failure in one line: what led to it, then what it was; "" on success. */
void report_put_message(struct buf *b, const struct report_run *run);
/* A command of a step, its words in capitals replaced by what the test knows. */
void report_put_command(struct buf *b, const struct probe_result *r, const char *command);
/* "what to do: the command". */
void report_put_step(struct buf *b, const struct report_run *run, const struct reason_step *step);
/* The names of the bits of struct tls_cert.faults, one a call: "expired", NULL at the end. */
const char *report_fault_name(unsigned faults, unsigned *at);
