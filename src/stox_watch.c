/* stox-watch - the watcher: `stox watch` runs it.  A program of its own, since the history, alerts
 * and pages bring libraries that nothing else of stox needs.
 */
#include <stdio.h>
#include <string.h>

#include "app/cmd_test.h"
#include "app/language.h"
#include "app/process.h"
#include "watcher/post.h"
#include "watcher/watcher.h"

/* What `stox test --via URL` cannot do itself. */
static bool is_test(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "test") == 0;
}

static int run(int argc, char **argv)
{
	if (is_test(argc, argv))
		return test_main(argc - 1, argv + 1, post_query);

	struct watch_options options;
	const int status = watch_options_read(&options, argc, argv);

	if (status >= 0)
		return status;
	if (process_can_encrypt())
		return watcher_run(&options);
	fputs("stox watch: ", stderr);
	say(stderr, text_make(err_text(-ENOMEM), NULL, 0));
	return PROCESS_NOT_HERE;
}

int main(int argc, char **argv)
{
	process_hold_descriptors();
	language_init();
	const int status = process_finish(run(argc, argv));
	language_done();
	return status;
}
