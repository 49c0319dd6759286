/* schema.h - the schema that a test holds against the program's tables. */
#pragma once

#include <jansson.h>

static json_t *schema;

static inline int schema_read(const char *path)
{
	json_error_t why;

	schema = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
	if (!schema)
		print_message("%s, line %d: %s\n", path, why.line, why.text);
	return schema ? 0 : -1;
}

static inline int schema_free(void **state)
{
	(void)state;
	json_decref(schema);
	return 0;
}
