/* stox-watch - the watcher: `stox watch` runs it. */
#include "app/language.h"
#include "watcher/options.h"

enum { NOT_HERE = 3 };

int main(int argc, char **argv)
{
	struct watch_options options;

	language_init();
	const int status = watch_options_read(&options, argc, argv);
	language_done();
	return status < 0 ? NOT_HERE : status;
}
