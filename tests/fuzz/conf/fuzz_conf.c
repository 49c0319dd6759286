/* Any bytes are either a configuration or at most 20 lines of errors, each with its place. */
#include <assert.h>
#include <string.h>

#include "conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_errors(struct slice errors)
{
	unsigned lines = 0;

	assert(errors.n > 0 && errors.p[errors.n - 1] == '\n');
	while (errors.n > 0) {
		struct slice line = slice_split(&errors, '\n');

		assert(slice_starts(line, SLICE("f:")));
		lines++;
	}
	assert(lines <= CONF_ERRORS_MAX);
}

static void check_conf(const struct conf *c)
{
	for (size_t i = 0; i < c->n_pools; i++) {
		assert(c->pools[i].fqdn.s && c->pools[i].domains.n > 0);
		assert(c->pools[i].at.line > 0);
	}
	for (size_t i = 0; i < c->n_partners; i++)
		assert(c->partners[i].domain.s && conf_need_name(c->partners[i].tls.value));
	if (c->gateway.at.line > 0)
		assert(c->gateway.sip.listen.n > 0 && c->gateway.xmpp.component.secret_file.s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf errors;
	struct conf *c = NULL;

	buf_init(&errors, 1 << 20);
	int err = conf_load(&c, slice_of(data, size), "f", NULL, &errors);
	if (err) {
		assert(err == ERR_CONFIG && !c);
		check_errors(buf_slice(&errors));
	} else {
		assert(buf_len(&errors) == 0);
		check_conf(c);
	}
	conf_free(c);
	buf_done(&errors);
	return 0;
}
