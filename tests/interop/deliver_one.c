/* deliver_one FORM URL KIND BEGIN [END] - one notice to one receiver, as the watcher sends it.
 *
 * FORM is webhook or alertmanager, KIND failing, resolved or hostile (which fails); BEGIN and END
 * are seconds since 1970.  Prints the fingerprint, and what became of it. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "deliver/deliver.h"
#include "sample.h"

static struct deliver_notice notice_of(char **argv)
{
	struct deliver_notice n =
		strcmp(argv[3], "hostile") == 0 ? sample_hostile() : sample_notice();

	n.now_at = (int64_t)time(NULL) * SECOND;
	n.incident.begin_at = strtoll(argv[4], NULL, 10) * SECOND;
	if (strcmp(argv[3], "resolved") == 0) {
		n.kind = ALERT_RESOLVED;
		n.incident.end_at = strtoll(argv[5], NULL, 10) * SECOND;
		n.incident.reason = REASON_DNS_TIMEOUT; /* it may change on the way */
	}
	return n;
}

static int send_one(struct deliver *d, char **argv)
{
	const struct deliver_receiver r = {
		.form = strcmp(argv[1], "webhook") == 0 ? DELIVER_WEBHOOK : DELIVER_ALERTMANAGER,
		.name = "hook",
		.timeout = TS_S(60),
		.url = argv[2],
		.valid_us = 240 * SECOND,
	};
	const struct deliver_notice n = notice_of(argv);
	struct pollfd p = { .fd = deliver_fd(d), .events = POLLIN };
	struct deliver_done done;
	struct buf b;

	if (deliver_send(d, &r, &n, 1) != 0 || poll(&p, 1, -1) != 1 || !deliver_take(d, &done))
		return 2;
	buf_init(&b, 4096);
	text_put(&b, &done.text, NULL);
	printf("%016llx\n%s\n", (unsigned long long)form_fingerprint(&n), buf_cstr(&b));
	buf_done(&b);
	return done.is_delivered ? 0 : 1;
}

int main(int argc, char **argv)
{
	const struct deliver_cfg cfg = { .agent = "stox/test",
		.host = "watch.litware.test",
		.external_url = "https://watch.litware.test" };
	struct deliver *d;
	int ret;

	if (argc < 5 || deliver_new(&d, &cfg) != 0)
		return 2;
	ret = send_one(d, argv);
	deliver_free(d);
	return ret;
}
