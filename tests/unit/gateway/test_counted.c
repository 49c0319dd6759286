/* What the gateway counts of a message (gateway/figures.h): once, at its end, under its partner;
 * and how long one has waited meanwhile. */
#include "base/mem.h"
#include "gateway/figures.h"
#include "scene.h"

static uint64_t count_of(
	const char *partner, enum gateway_way way, const char *outcome, const char *reason)
{
	const struct figures *f = gateway_figures(s.g);
	size_t at = 0, row;
	struct figures_cell cell;

	while (figures_take_row(f, &at, &row))
		for (size_t i = 0; strcmp(figures_partner(f, row), partner) == 0 &&
				   figures_cell_at(f, row, i, &cell);
			i++)
			if (cell.way == way && strcmp(cell.outcome, outcome) == 0 &&
				strcmp(cell.reason, reason) == 0)
				return cell.n;
	return 0;
}

/* All ends that were timed. */
static uint64_t timed(enum gateway_way way)
{
	const struct figures_times *t = figures_times(gateway_figures(s.g), way);
	uint64_t n = 0;

	for (size_t i = 0; i < COUNT(t->n); i++)
		n += t->n[i];
	return n;
}

static void deliver(const char *branch)
{
	send_message(branch, A_CONTOSO);
	wake();
	pong(s.n_got - 1);
	assert_int_equal(status_of(branch), 202);
}

static void a_message_each_way(void **state)
{
	(void)state;
	start_connected();
	deliver("1");
	assert_int_equal(count_of("contoso.test", GATEWAY_TO_XMPP, "delivered", ""), 1);
	assert_int_equal(timed(GATEWAY_TO_XMPP), 1);
	xmpp_message(A_CONTOSO, P_LITWARE, "m1", "hi");
	assert_int_equal(count_of("contoso.test", GATEWAY_TO_SIP, "delivered", ""), 0);
	respond(s.n_sent - 1, "200 OK");
	assert_int_equal(count_of("contoso.test", GATEWAY_TO_SIP, "delivered", ""), 1);
	assert_int_equal(timed(GATEWAY_TO_SIP), 1);
	xmpp_message(A_CONTOSO, P_LITWARE, "m2", "hi");
	respond(s.n_sent - 1, "480 Temporarily Unavailable");
	assert_int_equal(count_of("contoso.test", GATEWAY_TO_SIP, "rejected", "480"), 1);
	send_message("2", "adelany@elsewhere.test");
	assert_int_equal(count_of("(other)", GATEWAY_TO_XMPP, "refused", "not-partner"), 1);
}

static void the_oldest_is_known(void **state)
{
	const ts_t began = s.now;

	(void)state;
	start_connected();
	assert_int_equal(gateway_load(s.g).oldest_to_xmpp, TS_NEVER);
	assert_int_equal(gateway_load(s.g).oldest_to_sip, TS_NEVER);
	send_message("1", A_CONTOSO);
	xmpp_message(A_CONTOSO, P_LITWARE, "m1", "hi");
	s.now += TS_MS(1);
	send_message("2", A_CONTOSO);
	assert_int_equal(gateway_load(s.g).oldest_to_xmpp, began);
	assert_int_equal(gateway_load(s.g).oldest_to_sip, began);
	wake();
	pong(s.n_got - 1);
	respond(s.n_sent - 1, "200 OK");
	assert_int_equal(gateway_load(s.g).oldest_to_xmpp, TS_NEVER);
}

/* The next one in the same place is its own. */
static void without_a_proof_is_told_apart(void **state)
{
	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	wake();
	for (unsigned i = 0; i < 40 && n_answers("1") == 0; i++)
		pass(TS_S(1));
	assert_int_equal(status_of("1"), 202);
	assert_int_equal(count_of("contoso.test", GATEWAY_TO_XMPP, "delivered", "unproven"), 1);
	assert_int_equal(count_of("contoso.test", GATEWAY_TO_XMPP, "delivered", ""), 0);
	deliver("2");
	assert_int_equal(count_of("contoso.test", GATEWAY_TO_XMPP, "delivered", "unproven"), 1);
	assert_int_equal(count_of("contoso.test", GATEWAY_TO_XMPP, "delivered", ""), 1);
}

/* It is none of the partner's messages. */
static void a_report_of_ours_is_not_counted(void **state)
{
	(void)state;
	s.cfg.settle = TS_MS(30);
	start_connected();
	sip(request("1", A_CONTOSO, P_LITWARE, "Content-Type: message/cpim\r\n", REPORTS_ASKED));
	wake();
	pong(s.n_got - 1);
	pass(TS_MS(30));
	assert_int_equal(status_of("1"), 202);
	bounce(0, ERROR("cancel", "item-not-found"));
	respond(s.n_sent - 1, "200 OK");
	assert_int_equal(gateway_stats(s.g)->reports, 1);
	assert_int_equal(timed(GATEWAY_TO_SIP), 0);
	assert_int_equal(count_of("(other)", GATEWAY_TO_SIP, "delivered", ""), 0);
	assert_int_equal(count_of("contoso.test", GATEWAY_TO_SIP, "delivered", ""), 0);
}

static void a_reload_without_memory_keeps_the_partners(void **state)
{
	struct gateway_cfg cfg;
	struct partners *fewer;
	unsigned kept;

	(void)state;
	start_connected();
	assert_int_equal(partners_new(&fewer), 0);
	assert_int_equal(partners_add(fewer, SLICE("fabrikam.test"), PARTNER_FEDERATED), 0);
	cfg = s.cfg;
	cfg.partners = fewer;
	mem_fail_after(0);
	assert_int_equal(gateway_reload(s.g, &cfg, &kept), -ENOMEM);
	mem_fail_after(-1);
	partners_free(fewer);
	deliver("1");
	assert_int_equal(count_of("contoso.test", GATEWAY_TO_XMPP, "delivered", ""), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_message_each_way),
		SCENE(the_oldest_is_known),
		SCENE(without_a_proof_is_told_apart),
		SCENE(a_report_of_ours_is_not_counted),
		SCENE(a_reload_without_memory_keeps_the_partners),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
