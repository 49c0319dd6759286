/* schema_rows.h - how the rows of the schema are written: what a key is called and where its value
 * goes. */
#pragma once

#include "base/mem.h"

#define AT(type, member)    .name = #member, .offset = offsetof(struct type, member)
#define ARRAY(type, member) AT(type, member), .offset_n = offsetof(struct type, n_##member)
#define CHOICES(names)      .choices = (names), .n_choices = COUNT(names)
