/* `stox lab --test`: a probe beside the lab, in the same pump. */
#include <stdio.h>

#include "app/secret.h"
#include "app/lab_private.h"
#include "base/mem.h"

enum {
	TIMEOUT_S = 10,
	FAULT_TIMEOUT_S = 2, /* what never comes is not awaited for long */
	JUMP_S = 3600,
};

/* With the fault unreadable-secret the password comes from a file, as for `stox test`. */
static int read_secret(struct bench *b, const struct probe_cfg *cfg)
{
	char path[1024], secret[SECRET_MAX + 1];
	struct text why;
	int status = 0;

	if (b->fault->setup != FAULT_LOOSE_SECRET)
		return 0;
	if (!b->files.dir[0] && lab_write_files(b))
		return 3;
	snprintf(path, sizeof(path), "%s/pilar", b->files.dir);
	if (secret_read(path, NULL, secret, &why))
		status = runner_refuse(
			&b->runner, cfg, REASON_LOCAL_SECRET, PHASE_SIP_REGISTER, &why);
	mem_wipe(secret, sizeof(secret));
	return status;
}

static int start(struct bench *b, const struct probe_cfg *cfg)
{
	struct text why;
	int status = runner_start(&b->runner, b->pump, cfg, &why);

	if (status)
		opt_complain(b->command, why);
	if (!status && b->fault->setup == FAULT_CLOCK_JUMP)
		pump_jump_clock(b->pump, TS_S(JUMP_S));
	return status;
}

int lab_start_test(struct bench *b)
{
	char registrar[LAB_URI_MAX], server[LAB_URI_MAX];
	const ts_t timeout = TS_S(b->fault->exit_status ? FAULT_TIMEOUT_S : TIMEOUT_S);
	const struct probe_cfg cfg = {
		.target_fqdn = SLICE(LAB_POOL_FQDN),
		.user = slice_str(b->lab_cfg.sip_users[0].address),
		.password = slice_str(b->lab_cfg.sip_users[0].password),
		.registrar = slice_str(lab_registrar(b, registrar)),
		.receiver = slice_str(b->lab_cfg.xmpp_users[0].address),
		.has_receiver_password = true,
		.receiver_password = slice_str(b->lab_cfg.xmpp_users[0].password),
		.receiver_server = slice_str(lab_receiver_server(b, server)),
		.sip_trust = LAB_TRUST,
		.xmpp_trust = LAB_TRUST,
		.timeout = b->v.timeout ? b->v.timeout : timeout,
		.count = b->v.count,
		.settle = PROBE_SETTLE,
	};

	b->testing = true;
	if (lab_needs_dns(b))
		pump_use_dns(b->pump, &b->at[LAB_LISTEN_DNS]);
	int status = read_secret(b, &cfg);
	return status ? status : start(b, &cfg);
}
