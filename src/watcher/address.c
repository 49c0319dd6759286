#include "watcher/address.h"

#include <string.h>

#include "app/language.h"
#include "base/mem.h"

static int read_secrets(
	const struct plan_receiver *r, const char *group, struct address *ret, struct text *why)
{
	const struct {
		const char *path;
		char *to;
	} rows[] = {
		{ r->url_file, ret->url },
		{ r->token_file, ret->token },
		{ r->password_file, ret->password },
	};
	int err = 0;

	for (size_t i = 0; !err && i < COUNT(rows); i++)
		if (rows[i].path)
			err = secret_read(rows[i].path, group, rows[i].to, why);
	return err;
}

int address_open(struct address *ret, const struct plan_receiver *r, bool is_ping,
	const char *group, struct text *why)
{
	static const enum deliver_form forms[] = {
		[CONF_WEBHOOK] = DELIVER_WEBHOOK,
		[CONF_ALERTMANAGER] = DELIVER_ALERTMANAGER,
		[CONF_EXEC] = DELIVER_EXEC,
		[CONF_MAIL] = DELIVER_MAIL,
	};

	memset(ret, 0, sizeof(*ret));
	ret->to = (struct deliver_receiver){ .form = is_ping ? DELIVER_PING : forms[r->kind],
		.name = r->name,
		.timeout = r->timeout,
		.look_up = language_look_up,
		.url = r->url_file ? ret->url : r->url,
		.token = r->token_file ? ret->token : NULL,
		.user = r->user,
		.password = r->password_file ? ret->password : NULL,
		.ca_file = r->ca_file,
		.valid_us = r->valid_us,
		.argv = r->argv,
		.from = r->from,
		.to = r->to,
		.n_to = r->n_to,
		.is_plain = r->is_plain };
	return read_secrets(r, group, ret, why);
}

void address_close(struct address *a)
{
	mem_wipe(a, sizeof(*a));
}
