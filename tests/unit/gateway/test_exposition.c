/* The text that a scraper reads: whole in whatever parts, and by the rules of both formats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/exposition.h"

enum { TEXT_MAX = 4 << 20 };

static struct rng rng;
static const struct exposition_facts facts = { .version = "1.2",
	.component = "litware.test",
	.started = 1500000,
	.loaded = 2000001,
	.reloads = 3,
	.reloads_refused = 1,
	.log_lines_dropped = 7,
	.is_ready = true,
	.now = TS_S(1) };

static struct gateway *make_gateway(struct partners **partners, size_t n)
{
	struct gateway *g;
	char name[32];

	assert_int_equal(partners_new(partners), 0);
	assert_int_equal(partners_add_own(*partners, SLICE("litware.test")), 0);
	for (size_t i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "p%zu.test", i);
		assert_int_equal(partners_add(*partners, slice_str(name), PARTNER_FEDERATED), 0);
	}
	const struct gateway_cfg cfg = { .partners = *partners,
		.next_hop = "sip:127.0.0.1",
		.component_name = "litware.test",
		.server_host = "127.0.0.1",
		.server_port = 9 };
	assert_int_equal(gateway_new(&g, &cfg, &rng, 0), 0);
	return g;
}

/* In parts of at least that size, and how many there were. */
static unsigned put(
	const struct gateway *g, enum exposition_format format, size_t enough, struct buf *ret)
{
	struct exposition x = { .format = format };
	unsigned n = 0;
	bool more;

	buf_init(ret, TEXT_MAX);
	do {
		struct buf part;

		buf_init(&part, TEXT_MAX);
		more = exposition_put(&x, g, &facts, &part, enough);
		assert_true(buf_len(&part) > 0);
		buf_put(ret, buf_slice(&part));
		buf_done(&part);
		n++;
	} while (more);
	assert_int_equal(buf_err(ret), 0);
	return n;
}

static void test_both_formats(void **state)
{
	static const struct {
		const char *text, *open; /* NULL: the same */
	} lines[] = {
		{ "\n# TYPE stox_build_info gauge\nstox_build_info{version=\"1.2\"} 1\n",
			"\n# TYPE stox_build info\nstox_build_info{version=\"1.2\"} 1\n" },
		{ "\n# TYPE stox_gateway_messages_total counter\n",
			"\n# TYPE stox_gateway_messages counter\n" },
		{ "\nstox_gateway_messages_total{partner=\"p0.test\",direction=\"to_xmpp\","
		  "outcome=\"delivered\",reason=\"\"} 0\n",
			NULL },
		{ "\nprocess_start_time_seconds 1.500000\n", NULL },
		{ "\nstox_gateway_ready 1\n", NULL },
		{ "\nstox_gateway_stream_up{component=\"litware.test\"} 0\n", NULL },
		{ "\nstox_gateway_answer_seconds_bucket{direction=\"to_sip\",le=\"+Inf\"} 0\n"
		  "stox_gateway_answer_seconds_count{direction=\"to_sip\"} 0\n"
		  "stox_gateway_answer_seconds_sum{direction=\"to_sip\"} 0.000000\n",
			NULL },
		{ "\nstox_gateway_refusals_total{peer=\"stranger\"} 0\n", NULL },
		{ "\nstox_gateway_log_lines_dropped_total 7\n", NULL },
		{ "\nstox_gateway_config_reloads_total{outcome=\"refused\"} 1\n", NULL },
		{ "\nstox_gateway_config_last_reload_successful 1\n", NULL },
		{ "_timestamp_seconds 2.000001\n", NULL },
		{ "\nstox_gateway_oldest_message_age_seconds{direction=\"to_sip\"} 0.000000\n",
			NULL },
	};
	struct partners *p;
	struct gateway *g = make_gateway(&p, 1);
	struct buf text, open;

	(void)state;
	put(g, EXPOSITION_TEXT, TEXT_MAX, &text);
	put(g, EXPOSITION_OPENMETRICS, TEXT_MAX, &open);
	for (size_t i = 0; i < COUNT(lines); i++) {
		const char *other = lines[i].open ? lines[i].open : lines[i].text;

		if (!strstr(buf_cstr(&text), lines[i].text))
			fail_msg("no %s in %s", lines[i].text, buf_cstr(&text));
		if (!strstr(buf_cstr(&open), other))
			fail_msg("no %s in %s", other, buf_cstr(&open));
	}
	assert_true(slice_ends(buf_slice(&open), SLICE("\n# EOF\n")));
	assert_null(strstr(buf_cstr(&text), "EOF"));
	buf_done(&text);
	buf_done(&open);
	gateway_free(g);
	partners_free(p);
}

static void test_parts(void **state)
{
	struct partners *p;
	struct gateway *g = make_gateway(&p, PARTNERS_MAX);
	struct buf whole;

	(void)state;
	assert_int_equal(put(g, EXPOSITION_TEXT, TEXT_MAX, &whole), 1);
	static const size_t sizes[] = { 1, 100, 1000, 16384 };
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct buf parts;
		const unsigned n = put(g, EXPOSITION_TEXT, sizes[i], &parts);

		assert_true(n > buf_len(&whole) / (sizes[i] + 4096) && n > 10);
		assert_true(slice_eq(buf_slice(&parts), buf_slice(&whole)));
		buf_done(&parts);
	}
	buf_done(&whole);
	gateway_free(g);
	partners_free(p);
}

/* Between two parts the partners become others: each line is whole, and none is there twice. */
static void test_reload_between_parts(void **state)
{
	struct partners *p, *next;
	struct gateway *g = make_gateway(&p, 100);
	struct gateway_cfg cfg = { .next_hop = "sip:127.0.0.1",
		.component_name = "litware.test",
		.server_host = "127.0.0.1",
		.server_port = 9 };
	struct exposition x = { .format = EXPOSITION_OPENMETRICS };
	struct buf b;
	unsigned kept;

	(void)state;
	assert_int_equal(partners_new(&next), 0);
	assert_int_equal(partners_add_own(next, SLICE("litware.test")), 0);
	assert_int_equal(partners_add(next, SLICE("p99.test"), PARTNER_FEDERATED), 0);
	assert_int_equal(partners_add(next, SLICE("new.test"), PARTNER_FEDERATED), 0);
	cfg.partners = next;
	buf_init(&b, TEXT_MAX);
	assert_true(exposition_put(&x, g, &facts, &b, 4000));
	assert_int_equal(gateway_reload(g, &cfg, &kept), 0);
	partners_free(p);
	assert_false(exposition_put(&x, g, &facts, &b, TEXT_MAX));
	const char *text = buf_cstr(&b), *at = strstr(text, "\"new.test\",direction=\"to_xmpp\"");
	assert_non_null(at);
	assert_null(strstr(at + 1, "\"new.test\",direction=\"to_xmpp\""));
	at = strstr(text, "\"p99.test\",direction=\"to_xmpp\"");
	assert_non_null(at);
	assert_null(strstr(at + 1, "\"p99.test\",direction=\"to_xmpp\""));
	assert_null(strstr(text, "\"p98.test\""));
	buf_done(&b);
	gateway_free(g);
	partners_free(next);
}

/* Each counter of the engine is a sample; those that are messages, or said by their outcomes, are
 * counted by partner (gateway/figures.h). */
static void test_counters(void **state)
{
	static const char *const by_partner[] = { "sip_to_xmpp", "xmpp_to_sip", "far_errors" };
	struct partners *p;
	struct gateway *g = make_gateway(&p, 1);
	uint64_t *stats = (uint64_t *)(uintptr_t)gateway_stats(g), n;
	const char *name;
	struct buf text;

	(void)state;
	for (size_t i = 0; i < sizeof(struct gateway_stats) / sizeof(*stats); i++)
		stats[i] = 90000 + i;
	put(g, EXPOSITION_TEXT, TEXT_MAX, &text);
	for (size_t i = 0; gateway_counter(g, i, &name, &n); i++) {
		bool is_sample = true;
		char value[32];

		for (size_t k = 0; k < COUNT(by_partner); k++)
			is_sample &= strcmp(name, by_partner[k]) != 0;
		snprintf(value, sizeof(value), " %llu\n", (unsigned long long)n);
		if (!strstr(buf_cstr(&text), value) == is_sample)
			fail_msg("%s%s", name, value);
	}
	buf_done(&text);
	gateway_free(g);
	partners_free(p);
}

/* The family whose sample this line is. */
static bool find_family(struct slice line, struct exposition_family *ret)
{
	static const char *const endings[] = { "_bucket", "_count", "_sum" };
	const size_t space = slice_chr(line, ' '), brace = slice_chr(line, '{');
	const struct slice name = slice_cut(line, 0, space < brace ? space : brace);
	char text[100];

	for (size_t i = 0; exposition_family(i, ret); i++) {
		snprintf(text, sizeof(text), "%s%s", ret->name, ret->ending);
		if (slice_eqs(name, text))
			return true;
		for (size_t k = 0; k < COUNT(endings); k++) {
			snprintf(text, sizeof(text), "%s%s", ret->name, endings[k]);
			if (slice_eqs(name, text))
				return true;
		}
	}
	return false;
}

/* "partner, direction" of {partner="a.test",direction="to_sip"}; `le` is the format's own. */
static void put_label_names(struct slice line, struct buf *b)
{
	struct slice rest = slice_skip(line, slice_chr(line, '{') + 1);

	buf_clear(b);
	rest = slice_cut(rest, 0, slice_chr(rest, '}'));
	while (rest.n) {
		const struct slice label = slice_split(&rest, ','),
				   name = slice_cut(label, 0, slice_chr(label, '='));

		if (!slice_eqs(name, "le"))
			buf_printf(b, "%s%.*s", buf_len(b) ? ", " : "", SLICE_FMT(name));
	}
}

static bool is_digit_or_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Every sample is one of a family that the manual lists, and has its labels. */
static void test_samples(void **state)
{
	struct exposition_family family;
	struct partners *p;
	struct gateway *g = make_gateway(&p, 1);
	struct buf text, names;

	(void)state;
	buf_init(&names, 256);
	put(g, EXPOSITION_TEXT, TEXT_MAX, &text);
	for (struct slice rest = buf_slice(&text); rest.n;) {
		const struct slice line = slice_split(&rest, '\n');

		if (line.p[0] == '#')
			continue;
		put_label_names(line, &names);
		if (!find_family(line, &family) || strcmp(family.labels, buf_cstr(&names)) != 0)
			fail_msg("%.*s", SLICE_FMT(line));
	}
	buf_done(&names);
	buf_done(&text);
	gateway_free(g);
	partners_free(p);
}

/* Every family has a sample. */
static void test_families(void **state)
{
	struct exposition_family family;
	struct partners *p;
	struct gateway *g = make_gateway(&p, 1);
	struct buf text;
	size_t n = 0;

	(void)state;
	put(g, EXPOSITION_TEXT, TEXT_MAX, &text);
	while (exposition_family(n, &family)) {
		char line[200];

		snprintf(line, sizeof(line), "\n%s%s%s", family.name, family.ending,
			family.labels[0] ? "" : " ");
		for (const char *c = family.name; *c; c++)
			assert_true(is_digit_or_letter(*c));
		assert_true(family.help[0]);
		if (strcmp(family.name, "stox_gateway_answer_seconds") != 0)
			assert_non_null(strstr(buf_cstr(&text), line));
		n++;
	}
	assert_true(n > 20);
	buf_done(&text);
	gateway_free(g);
	partners_free(p);
}

int main(void)
{
	const uint8_t seed[32] = { 1 };
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_formats),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_reload_between_parts),
		cmocka_unit_test(test_counters),
		cmocka_unit_test(test_samples),
		cmocka_unit_test(test_families),
	};

	rng_init(&rng, seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
