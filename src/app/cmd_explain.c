#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/opt.h"
#include "base/mem.h"
#include "base/str.h"
#include "probe/report.h"

enum { TEXT_MAX = 1 << 20 };

struct values {
	bool markdown;
	const char *reason; /* the argument */
};

static const struct opt opts[] = {
	{ "markdown", 0, NULL, OPT_FLAG, offsetof(struct values, markdown), 0, 0,
		"all reasons, as a document" },
};

static const struct opt_command command = { .name = "explain",
	.summary = "Says what a reason means, why it comes about and what to do.",
	.opts = opts,
	.n_opts = COUNT(opts),
	.argument = "REASON",
	.argument_offset = offsetof(struct values, reason) };

static void put_document(struct buf *b)
{
	buf_puts(b, "# Reasons\n\nWhy a test failed is one of these. The list is made from the "
		    "program's own table\nby `stox explain --markdown`; `stox explain REASON` "
		    "shows one.\n\n");
	for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		report_reason_markdown(b, (enum reason)i);
		if (i + 1 < REASON_COUNT)
			buf_putc(b, '\n');
	}
}

static void put_list(struct buf *b)
{
	for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++)
		buf_printf(b, "%-30s %s\n", reason_id((enum reason)i),
			reason_info((enum reason)i)->meaning);
}

static const char *nearest(const char *got)
{
	const char *names[REASON_COUNT];

	for (unsigned i = 0; i < REASON_COUNT; i++)
		names[i] = reason_id((enum reason)i);
	return str_nearest(got, names, REASON_COUNT);
}

static int explain(const struct values *v, struct buf *b)
{
	enum reason r;

	if (v->markdown) {
		put_document(b);
	} else if (!v->reason) {
		put_list(b);
	} else if (reason_find(slice_str(v->reason), &r)) {
		report_reason(b, r, NULL);
	} else {
		const char *near = nearest(v->reason);

		opt_complain(&command, "unknown reason `%s`%s%s%s; `stox explain` lists them",
			v->reason, near ? "; did you mean `" : "", near ? near : "",
			near ? "`" : "");
		return 2;
	}
	return 0;
}

int cmd_explain(int argc, char **argv)
{
	struct values v = { .markdown = false };
	enum opt_result r = opt_parse(&command, argc, argv, &v);
	struct buf b;

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	buf_init(&b, TEXT_MAX);
	int status = explain(&v, &b);
	fputs(buf_cstr(&b), stdout);
	if (buf_err(&b) || fflush(stdout))
		status = 3;
	buf_done(&b);
	return status;
}
