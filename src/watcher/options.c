#include "watcher/options.h"

#include <string.h>
#include <unistd.h>

#include "app/cmd_watch.h"
#include "watcher/check.h"

int watch_options_read(struct watch_options *ret, int argc, char **argv)
{
	struct watch_values v = { 0 };
	const enum opt_result r = watch_values_read(&v, argc, argv);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	*ret = (struct watch_options){ .config = v.config,
		.listen = v.listen,
		.test_alert = v.test_alert,
		.once = v.once,
		.is_json = v.format && strcmp(v.format, "json") == 0,
		.verbose = v.verbose };
	if (!log_format_find(v.log_format, STDERR_FILENO, &ret->log_format)) {
		opt_complain(&watch_command,
			TEXT(N_("--log-format {1}: text, json or journal is a form"),
				text_str(v.log_format)));
		return 2;
	}
	return v.check ? watch_check(v.config) : -1;
}
