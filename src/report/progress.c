/* What a test is at, in a few words. */
#include "report/private.h"

/* Two sides sign in at the same time; both are named. */
static void put_running(struct buf *b, const struct probe_result *r, const char *between)
{
	const char *before = "";

	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		if (r->phases[i].outcome != PHASE_RUNNING)
			continue;
		buf_printf(b, "%s%s", before, phase_name((enum probe_phase)i));
		before = between;
	}
}

void report_progress(struct buf *b, const struct probe_result *r, unsigned count, ts_t elapsed,
	const struct sheet_style *style, text_look_up *look_up)
{
	const char *between = style->unicode ? " \xc2\xb7 " : " | ";
	const struct text round = TEXT(N_("round trip {1} of {2}"), text_u64(r->rounds_done + 1),
				  text_u64(count)),
			  seconds = TEXT(N_("{1} s"), text_seconds(elapsed));
	const size_t before = buf_len(b);

	put_running(b, r, between);
	if (count > 1 && r->rounds_done < count) {
		buf_puts(b, buf_len(b) > before ? between : "");
		text_put(b, &round, look_up);
	}
	buf_puts(b, buf_len(b) > before ? between : "");
	text_put(b, &seconds, look_up);
}
