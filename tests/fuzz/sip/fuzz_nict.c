/* Two bytes a step: what to push, and with what. */
#include "sip/nict.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct nict_cfg cfg = {
		.t1 = TS_MS(500), .t2 = TS_MS(4000), .t4 = TS_MS(5000), .reliable = size & 1
	};
	const struct slice req = { (const uint8_t *)"x", 1 };
	struct nict_event ev;
	struct slice out;
	struct nict room, *tx = &room;
	ts_t now = 0;
	unsigned done = 0;

	if (nict_init(tx, &cfg, req, now))
		return 0;
	for (size_t i = 0; i + 1 < size; i += 2) {
		switch (data[i] % 4) {
		case 0: nict_push_response(tx, 100 + data[i + 1] * 2, now); break;
		case 2:
			now += TS_MS(data[i + 1] * 64u);
			nict_push_time(tx, now);
			break;
		case 3:
			if (nict_deadline(tx) != TS_NEVER)
				now = nict_deadline(tx);
			nict_push_time(tx, now);
			break;
		}
		while (nict_take_output(tx, &out))
			;
		while (nict_take_event(tx, &ev)) {
			assert(!done && "nothing follows the end");
			done += ev.type == NICT_EV_DONE;
		}
		assert(done == (nict_deadline(tx) == TS_NEVER));
	}
	return 0;
}
