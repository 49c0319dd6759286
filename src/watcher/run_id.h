/* run_id.h - the name of a run in addresses: "17-dgx5w2k1s0", its test's number and its time in
 * base
 * 36.  It is known before the run is over, and is the run's key in the history.
 */
#pragma once

#include "base/slice.h"

enum { RUN_ID_MAX = 48 };

const char *run_id_put(char ret[RUN_ID_MAX], int64_t test_id, int64_t scheduled_at); /* both >= 0 */
/* False for what run_id_put() does not write. */
bool run_id_read(struct slice id, int64_t *ret_test_id, int64_t *ret_scheduled_at);
