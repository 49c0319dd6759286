/* One test at a time for each account: what one is answered would go to the other's contact, too.
 */
#include "app/test_private.h"
#include "base/mem.h"

static void tell(const struct test *t, struct text text)
{
	if (t->v.verbose && !t->command.service)
		opt_complain(&t->command, text);
}

static int give_up(struct test *t, enum turn_side side, const char *account, pid_t process)
{
	const struct probe_cfg cfg = { .target_fqdn = slice_str(t->v.target),
		.user = slice_str(t->v.user),
		.receiver = slice_str(t->v.receiver) };
	const struct text why =
		TEXT(N_("The account {1} was in use by another test on this machine "
			"(process {2}) for {3} s."),
			text_str(account), text_u64((uint64_t)process), text_seconds(t->v.timeout));

	return runner_refuse(&t->runner, &cfg, REASON_LOCAL_BUSY,
		side == TURN_SIP ? PHASE_SIP_REGISTER : PHASE_XMPP_AUTH, &why);
}

/* Whoever comes next in a queue has its time, too: only one that holds it for all of ours is waited
 * for in vain. */
static int take(struct test *t, enum turn_side side, const char *address)
{
	struct jid jid;
	char account[3200];
	pid_t process, before = 0;
	ts_t until = 0;
	bool told = false;
	int err;

	/* One that is no address is told by who reads it next. */
	if (!test_read_address(address, &jid) ||
		!slice_cstr(jid_bare(&jid), account, sizeof(account)))
		return 0;
	while ((err = turn_try(&t->turn, side, account, &process)) == -EBUSY) {
		if (process != before || !until)
			until = ts_add(loop_clock(), t->v.timeout);
		before = process;
		if (loop_clock() >= until)
			return give_up(t, side, account, process);
		if (!told)
			tell(t, TEXT(N_("waiting for the test of process {1}, which uses {2}, too"),
					text_u64((uint64_t)process), text_str(account)));
		told = true;
		turn_pause();
	}
	if (err)
		tell(t, TEXT(N_("tests that use {1}, too, are not waited for: {2}"),
				text_str(account), text_errno(-err)));
	return 0;
}

/* Always in this order, so that no two wait for each other. */
int test_take_turns(struct test *t)
{
	int status = 0;

	if (t->v.no_lock)
		return 0;
	status = take(t, TURN_SIP, t->v.user);
	if (!status && t->v.receiver_password_file)
		status = take(t, TURN_XMPP, t->v.receiver);
	return status;
}
