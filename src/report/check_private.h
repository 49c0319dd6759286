/* check_private.h - what the forms of a sweep's report share. */
#pragma once

#include "report/check.h"
#include "report/private.h"

static inline const char *report_check_look(const struct report_check *check, const char *id)
{
	return check->look_up ? check->look_up(id) : id;
}

/* A fault in the shape of a failed test: what is said of it is said by the same functions. */
struct report_fault {
	const struct report_check *check;
	struct probe_result *result;
	struct report_run run;
};

int report_fault_init(struct report_fault *f, const struct report_check *check); /* 0 or -ENOMEM */
void report_fault_done(struct report_fault *f);
/* Valid until the next call; `row` is -1 for a fault of none. */
const struct report_run *report_fault_run(
	struct report_fault *f, const struct sweep_fault *fault, int row);
