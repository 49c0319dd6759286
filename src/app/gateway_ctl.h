/* gateway_ctl.h - what a running gateway says of itself over its control socket: JSON objects, made
 * here, shown by `stox ctl`.  Strings of peers are cleaned; no secret is in them.
 */
#pragma once

#include "app/gateway_config.h"
#include "app/service_log.h"

enum { RESTART_MAX = 8 };

struct gateway_view {
	struct gateway *gateway;
	const struct gateway_config *config;
	const struct service_log *log;
	const char *server;  /* HOST:PORT of the XMPP server, as at the start */
	char component[256]; /* so is its name: another one in the file waits for a restart */
	/* Microseconds since 1970; 0: never. */
	int64_t started, loaded, changed; /* the configuration; the stream's state */
	int64_t failed;                   /* `last_error` */
	char last_error[512];             /* of the stream, as the log has it */
	bool refused;                     /* the last reload was */
	/* Settings that differ from what runs, and wait for a restart. */
	const char *needs_restart[RESTART_MAX];
	unsigned n_needs_restart;
	uint64_t reloads, reloads_refused;
};

/* {"schema": "stox.status/1", ...}. */
void gateway_ctl_status(const struct gateway_view *v, ts_t now, struct buf *ret);
/* {"schema": "stox.messages/1", ...}: the last ones that ended, the latest last. */
void gateway_ctl_messages(const struct gateway_view *v, struct buf *ret);
void gateway_ctl_partners(const struct gateway_view *v, struct buf *ret);
/* Of a reload: whether it was done, and its lines of log. */
void gateway_ctl_reloaded(bool done, struct slice lines, struct buf *ret);
void gateway_ctl_level(enum log_level level, struct buf *ret);
/* {"error": ...}. */
void gateway_ctl_refuse(const char *why, struct buf *ret);
