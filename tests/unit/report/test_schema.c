/* doc/stox.test.schema.json lists what the program's own tables list: nothing more, nothing less.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/tls.h"
#include "report/private.h"
#include "samples.h"
#include "schema.h"

static int read_schema(void **state)
{
	(void)state;
	return schema_read(TEST_DATA "/../../doc/stox.test.schema.json");
}

/* What is at "a/b/c" of the schema. */
static const json_t *at(const char *path)
{
	const json_t *j = schema;
	char key[64];

	while (j && *path) {
		size_t n = strcspn(path, "/");

		snprintf(key, sizeof(key), "%.*s", (int)n, path);
		j = json_object_get(j, key);
		path += n + (path[n] == '/');
	}
	assert_non_null(j);
	return j;
}

typedef const char *name_fn(unsigned i);

/* The enum at `path` is the names from `from` to below `to`, in their order. */
static void lists(const char *path, name_fn *name, unsigned from, unsigned to)
{
	const json_t *list = at(path);

	for (unsigned i = from; i < to; i++) {
		const char *got = json_string_value(json_array_get(list, i - from));

		if (!got || strcmp(got, name(i)) != 0)
			fail_msg("%s: `%s` where `%s` is wanted", path, got ? got : "-", name(i));
	}
	assert_int_equal(json_array_size(list), to - from);
}

static const char *reason(unsigned i)
{
	return reason_id((enum reason)i);
}

static const char *note(unsigned i)
{
	return note_id((enum note)i);
}

static const char *phase(unsigned i)
{
	return phase_name((enum probe_phase)i);
}

static const char *proof(unsigned i)
{
	return proof_name((enum probe_proof)i);
}

static const char *dns_type(unsigned i)
{
	return dns_type_name((enum dns_type)i);
}

static const char *dns_status(unsigned i)
{
	return dns_status_name((enum dns_status)i);
}

static const char *failure(unsigned i)
{
	return tls_failure_name((enum tls_failure)i);
}

static const char *fault(unsigned i)
{
	unsigned from = 0;

	return tls_fault_name(1u << i, &from);
}

static void its_lists_are_those_of_the_program(void **state)
{
	(void)state;
	lists("$defs/reason/enum", reason, REASON_NONE + 1, REASON_COUNT);
	lists("$defs/note/properties/id/enum", note, 0, NOTE_COUNT);
	lists("$defs/phase/enum", phase, 0, PHASE_COUNT);
	lists("properties/proof/enum", proof, PROOF_NONE, PROOF_ANSWERED + 1);
	lists("$defs/evidence/properties/dns/properties/type/enum", dns_type, DNS_A, DNS_NAPTR + 1);
	lists("$defs/evidence/properties/dns/properties/status/enum", dns_status, DNS_OK,
		DNS_CANCELLED + 1);
	lists("$defs/tls/properties/failure/enum", failure, TLS_FAILURE_NONE + 1,
		TLS_FAILURE_OTHER + 1);
	lists("$defs/fault/enum", fault, 0, 8);
}

static bool is_listed(const json_t *list, const char *name)
{
	size_t i;
	const json_t *v;

	json_array_foreach(list, i, v)
	{
		if (json_string_value(v) && strcmp(json_string_value(v), name) == 0)
			return true;
	}
	return false;
}

/* A phase that was not run is left out of the object. */
static void every_outcome_but_one_can_be_told(void **state)
{
	const json_t *list = at("$defs/phase_result/properties/outcome/enum");

	(void)state;
	for (unsigned i = PHASE_NOT_RUN; i <= PHASE_STOPPED; i++)
		assert_int_equal(is_listed(list, phase_outcome_name((enum phase_outcome)i)),
			i != PHASE_NOT_RUN);
	assert_int_equal(json_array_size(list), PHASE_STOPPED);
}

/* Every object says what it has: an unknown member is an error of ours. */
static void is_strict(json_t *j)
{
	const char *key, *type = json_string_value(json_object_get(j, "type"));
	json_t *v;
	size_t i;

	if (type && strcmp(type, "object") == 0 && json_object_get(j, "properties"))
		assert_true(json_is_false(json_object_get(j, "additionalProperties")));
	json_object_foreach(j, key, v)
	{
		is_strict(v);
	}
	json_array_foreach(j, i, v)
	{
		is_strict(v);
	}
}

static void no_object_may_have_more(void **state)
{
	(void)state;
	is_strict(schema);
}

/* The members of the object are those of the schema, and all that must be are. */
static void every_member_is_known(void **state)
{
	const json_t *known = at("properties"), *required = at("required");
	struct buf b;
	const char *key;
	json_t *v;

	(void)state;
	assert_int_equal(sample_put("rounds", report_json, &b), 0);
	json_t *o = json_loads(buf_cstr(&b), 0, NULL);
	buf_done(&b);
	json_object_foreach(o, key, v)
	{
		assert_non_null(json_object_get(known, key));
	}
	assert_non_null(json_object_get(known, "sweep"));       /* with --sweep only */
	assert_non_null(json_object_get(known, "other_error")); /* when both sides are broken */
	assert_int_equal(json_object_size(o) + 2, json_object_size(known));
	assert_int_equal(json_object_size(o), json_array_size(required) + 1); /* rounds */
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(its_lists_are_those_of_the_program),
		cmocka_unit_test(every_outcome_but_one_can_be_told),
		cmocka_unit_test(no_object_may_have_more),
		cmocka_unit_test(every_member_is_known),
	};

	return cmocka_run_group_tests(tests, read_schema, schema_free);
}
