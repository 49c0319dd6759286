/* Writes results made by hand, one of each kind, in every form: DIR/SAMPLE.FORM.  test_outputs.py
 * has them read by readers of others. */
#include "samples.h"

static int write_form(const char *dir, const struct sample *s, const struct report_format *f)
{
	struct probe_result r;
	struct report_run run = sample_run(s, &r);
	char path[512];
	struct buf b;

	run.verbosity = strcmp(f->name, "nagios") == 0 ? 3 : 0;
	snprintf(path, sizeof(path), "%s/%s.%s", dir, s->name, f->name);
	buf_init(&b, SAMPLE_TEXT);
	int err = f->put(&b, &run);
	FILE *to = err ? NULL : fopen(path, "w");
	const struct slice text = buf_slice(&b);
	if (!to || fwrite(text.p, 1, text.n, to) != text.n)
		err = -1;
	if (to && fclose(to) != 0)
		err = -1;
	buf_done(&b);
	return err;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: report_samples DIR\n");
		return 2;
	}
	for (size_t i = 0; i < COUNT(samples); i++)
		for (size_t k = 0; k < n_report_formats; k++)
			if (write_form(argv[1], &samples[i], &report_formats[k]))
				return 1;
	return 0;
}
