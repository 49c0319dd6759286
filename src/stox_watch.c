/* stox-watch: what `stox watch` runs.  A program of its own, since the history, alerts and pages bring
 * libraries that nothing else of stox needs.
 */
#include "app/language.h"
#include "watcher/watcher.h"

int main(int argc, char **argv)
{
	struct watch_options options;

	language_init();
	int status = watch_options_read(&options, argc, argv);
	if (status < 0)
		status = watcher_run(&options);
	language_done();
	return status;
}
