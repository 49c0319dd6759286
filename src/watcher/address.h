/* address.h - a receiver of alerts as a delivery takes it, with its secrets: they are read each
 * time. */
#pragma once

#include "app/secret.h"
#include "deliver/deliver.h"
#include "watcher/plan.h"

struct address {
	struct deliver_receiver to; /* points into the rest, and at the plan */
	char url[SECRET_MAX + 1], token[SECRET_MAX + 1], password[SECRET_MAX + 1];
};

/* `group` is secrets_group of the configuration, or NULL.  0, or ERR_SECRET with a sentence; it is
 * to be closed in either case. */
int address_open(struct address *ret, const struct plan_receiver *r, bool is_ping,
	const char *group, struct text *why);
void address_close(struct address *a); /* wipes it */
