/* decode.c - what it costs to decode one SIP MESSAGE, ours beside sofia-sip's.
 *
 * Both get the same 793 bytes and must show that they read the same things.
 * The two take turns, and the best round of each counts: what else runs on
 * the machine can only make a round slower.
 *
 * usage: bench_decode [DECODES-A-ROUND [FILE]]
 */
#include "decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sip/msg.h"

enum { ROUNDS = 25 };

static struct sip_msg msg;

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "bench_decode: %s\n", what);
	exit(1);
}

static struct slice load(const char *path)
{
	static char text[SIP_MSG_MAX];
	FILE *f = fopen(path, "rb");

	if (!f)
		die("the message cannot be opened");
	size_t n = fread(text, 1, sizeof(text), f);
	fclose(f);
	return slice_of(text, n);
}

static void compare(struct slice in)
{
	struct theirs t;
	struct sip_refusal refusal;

	if (sip_msg_decode(in, &msg, &refusal))
		die(refusal.where.what);
	if (!sofia_read((const char *)in.p, in.n, &t))
		die("sofia-sip refused the message");
	bool same = slice_eqs(msg.method_text, t.method) && slice_eqs(msg.via.branch, t.branch) &&
		    slice_eqs(msg.from.uri.user, t.from_user) &&
		    slice_eqs(msg.from.tag, t.from_tag) && slice_eqs(msg.to.uri.host, t.to_host) &&
		    slice_eqs(msg.call_id, t.call_id) && msg.cseq == t.cseq &&
		    msg.max_forwards == (int)t.max_forwards && msg.body.n == t.n_body &&
		    t.vias >= 1;
	if (!same)
		die("the two did not read the same");
}

static double time_ours(struct slice in, unsigned n)
{
	struct sip_refusal refusal;
	double start = now_ns();

	for (unsigned i = 0; i < n; i++)
		if (sip_msg_decode(in, &msg, &refusal))
			die(refusal.where.what);
	return (now_ns() - start) / n;
}

static double time_sofia(struct slice in, unsigned n)
{
	double start = now_ns();

	if (!sofia_repeat((const char *)in.p, in.n, n))
		die("sofia-sip refused the message");
	return (now_ns() - start) / n;
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 20000;
	struct slice in = load(argc > 2 ? argv[2] : BENCH_MESSAGE);
	double ours = 1e18, sofia = 1e18;

	if (n == 0)
		die("the number of decodes must be over 0");
	compare(in);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double a = time_ours(in, n), b = time_sofia(in, n);

		ours = a < ours ? a : ours;
		sofia = b < sofia ? b : sofia;
	}
	printf("decode ours_ns=%.0f sofia_ns=%.0f ratio=%.2f\n", ours, sofia, sofia / ours);
	return 0;
}
