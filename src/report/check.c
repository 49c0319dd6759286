/* What both forms of a sweep say: why a row is used, and a fault as if a test had failed by it. */
#include "report/check.h"

#include "base/mem.h"
#include "report/check_private.h"

/* ---- why ---- */

static void put(struct buf *b, const struct text *t, text_look_up *look_up)
{
	text_put(b, t, look_up);
}

/* What led to the service. */
static void put_source(struct buf *b, const struct sweep_row *row, text_look_up *look_up)
{
	struct text t;

	switch (row->source) {
	case TARGETS_GIVEN: t = TEXT_PLAIN(N_("it is named by hand")); break;
	case TARGETS_NAPTR:
		t = TEXT(N_("its NAPTR record, of order {1}, comes first"), text_u64(row->order));
		break;
	case TARGETS_SRV:
		if (row->plan == SWEEP_PLAN_SIP)
			t = TEXT_PLAIN(
				N_("no NAPTR record decides, and TLS comes before TCP, TCP before "
				   "UDP"));
		else
			t = TEXT(N_("its SRV record, of priority {1}, comes first"),
				text_u64(row->priority));
		break;
	case TARGETS_FALLBACK:
		t = TEXT(N_("there are no SRV records: port {1} of the name itself"),
			text_u64(row->addr.port));
		break;
	}
	put(b, &t, look_up);
}

static void put_share(struct buf *b, const struct sweep_row *row, text_look_up *look_up)
{
	const struct text_arg percent = text_u64((row->share_permille + 5) / 10);
	struct text t;

	if (row->share_permille >= 1000)
		return;
	if (row->weight_sum)
		t = TEXT(N_("{1} % of the connections, by a weight of {2} in {3}"), percent,
			text_u64(row->weight), text_u64(row->weight_sum));
	else
		t = TEXT(N_("{1} % of the connections, one of {2} that are as likely"), percent,
			text_u64(row->n_equals));
	buf_puts(b, "; ");
	put(b, &t, look_up);
}

void report_check_put_why(struct buf *b, const struct sweep_row *row, text_look_up *look_up)
{
	static const struct text lame = {
		.id = N_("others, which come before it or are as likely, cannot be connected to")
	};

	if (!row->used)
		return;
	put_source(b, row, look_up);
	if (row->passed_over) {
		buf_puts(b, "; ");
		put(b, &lame, look_up);
	}
	put_share(b, row, look_up);
}

/* ---- a fault as a failed test ---- */

int report_fault_init(struct report_fault *f, const struct report_check *check)
{
	const struct sweep_result *r = check->result;

	f->check = check;
	f->result = mem_alloc0(sizeof(*f->result));
	if (!f->result)
		return -ENOMEM;
	f->run = (struct report_run){
		.result = f->result,
		.look_up = check->look_up,
		.verbosity = check->verbosity,
		.caller = check->caller,
		.config = check->config,
	};
	slice_cstr(slice_str(r->name), f->result->target_fqdn, sizeof(f->result->target_fqdn));
	/* Commands are about a receiver's domain. */
	slice_cstr(slice_str(r->side == SWEEP_PARTNER ? r->name : ""), f->result->receiver,
		sizeof(f->result->receiver));
	return 0;
}

void report_fault_done(struct report_fault *f)
{
	mem_free(f->result);
}

/* The commands of a step are those for this kind of server. */
static void be_about(struct report_fault *f, const struct sweep_row *row)
{
	struct probe_result *r = f->result;

	r->tls[SIDE_SIP] = row->tls;
	r->phases[PHASE_SIP_TLS].address = row->addr;
	r->phases[PHASE_SIP_TLS].transport = row->transport;
	if (!sweep_kind_is_xmpp(row->kind))
		return;
	r->phase = PHASE_XMPP_TLS;
	r->phases[PHASE_XMPP_CONNECT].transport = row->transport;
	f->run.between_servers = row->kind == SWEEP_XMPP_SERVER || row->kind == SWEEP_XMPPS_SERVER;
}

const struct report_run *report_fault_run(
	struct report_fault *f, const struct sweep_fault *fault, int row)
{
	struct probe_result *r = f->result;

	r->reason = fault->reason;
	r->message = fault->message;
	r->evidence = fault->evidence;
	r->evidence.tls_side = SIDE_SIP;
	r->phase = f->check->result->side == SWEEP_PARTNER ? PHASE_XMPP_RESOLVE : PHASE_SIP_TLS;
	r->phases[PHASE_SIP_TLS] = (struct probe_phase_result){ 0 };
	f->run.between_servers = false;
	if (row >= 0)
		be_about(f, &f->check->result->rows[row]);
	return &f->run;
}
