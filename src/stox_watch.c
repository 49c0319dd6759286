/* stox-watch - the watcher: `stox watch` runs it. */
#include "app/language.h"
#include "app/process.h"
#include "watcher/options.h"

static int run(int argc, char **argv)
{
	struct watch_options options;
	const int status = watch_options_read(&options, argc, argv);

	return status < 0 ? PROCESS_NOT_HERE : status;
}

int main(int argc, char **argv)
{
	process_hold_descriptors();
	language_init();
	const int status = process_finish(run(argc, argv));
	language_done();
	return status;
}
