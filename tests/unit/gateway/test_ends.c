/* Every way in which a message ends: each state that it is in, and each thing that can happen then.
 * The whole gateway is driven there, what all sides saw is written down, and that has to be
 * doc/message-ends.md.  Where it is to be another one:
 *
 *	build/asan/gateway_test_ends doc/message-ends.md */
#include "ends_to_sip.h"
#include "ends_to_xmpp.h"

#define PATH TEST_DATA "/../../doc/message-ends.md"

/* ---- the document ---- */

static const char head[] =
	"# How messages end\n"
	"\n"
	"Made by `build/asan/gateway_test_ends doc/message-ends.md`, which drives the gateway into "
	"each\n"
	"state that a message has, lets one thing happen, then nothing more for a minute, and "
	"writes\n"
	"down what was seen; the test `unit/gateway/ends` compares.\n"
	"\n"
	"Each line is a whole life, from the message's coming on: what its sender and its "
	"receiver\n"
	"heard, with the time where it was not at once; the words of the log; the counters that "
	"grew;\n"
	"what the message counts as in the metrics.\n"
	"What cannot be says why in a word. `settle` is 30 ms, the window 300 ms. Over UDP, "
	"unless\n"
	"it says TCP. An XMPP server that was lost comes back. `sip_to_xmpp` counts stanzas that\n"
	"were handed over, `xmpp_to_sip` messages that the pool has taken.\n";

static const char *written_to; /* NULL: it is compared */

static void same_as_the_document(void **state)
{
	static char kept[DOCUMENT_MAX];
	FILE *f = fopen(written_to ? written_to : PATH, written_to ? "w" : "r");

	(void)state;
	assert_non_null(f);
	if (written_to) {
		assert_true(fputs(document, f) >= 0);
	} else {
		const size_t n = fread(kept, 1, sizeof(kept) - 1, f);

		kept[n] = '\0';
	}
	assert_int_equal(fclose(f), 0);
	if (written_to)
		return;
	size_t at = 0, line = 1;
	for (; document[at] && document[at] == kept[at]; at++)
		line += document[at] == '\n';
	if (document[at] != kept[at])
		fail_msg("doc/message-ends.md, line %zu, is another one now; make it anew: "
			 "build/asan/gateway_test_ends doc/message-ends.md",
			line);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_to_xmpp),
		cmocka_unit_test(not_taken_to_xmpp),
		cmocka_unit_test(ends_to_sip),
		cmocka_unit_test(not_taken_to_sip),
		cmocka_unit_test(same_as_the_document),
	};

	written_to = argc > 1 ? argv[1] : NULL;
	put("%s", head);
	return cmocka_run_group_tests_name("ends", tests, NULL, NULL);
}
