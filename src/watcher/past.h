/* past.h - `stox history` and `stox report`: what the history says, from a running watcher, or from
 * its file when none runs (a file of SQLite that is written can be opened by nobody else).
 */
#pragma once

/* argv[0] is "history" or "report": the exit status.  -1: it is neither. */
int past_run(int argc, char **argv);
