/* ctl_show.h - what a running service answers (app/gateway_ctl.h, watcher/desk.h), as text for
 * people.
 */
#pragma once

#include <jansson.h>

#include "base/sheet.h"

void ctl_show_status(struct sheet *p, const json_t *o);
void ctl_show_messages(struct sheet *p, const json_t *o);
void ctl_show_partners(struct sheet *p, const json_t *o);
void ctl_show_reload(struct sheet *p, const json_t *o);
void ctl_show_level(struct sheet *p, const json_t *o);

void ctl_show_watch(
	struct sheet *p, const json_t *o); /* ctl_show_watch.c: the status of a watcher */
