/* program.h - this process, for who gets its trace: the machine's name and the command line;
 * and for who looks for what is beside it.
 *
 * No secret is an argument of stox; one inside an address all the same, as in
 * sip:user:secret@host, is masked.
 */
#pragma once

#include <stddef.h>

enum {
	PROGRAM_HOST_MAX = 256,
	PROGRAM_COMMAND_MAX = 4096,
};

struct program {
	char host[PROGRAM_HOST_MAX];
	char command[PROGRAM_COMMAND_MAX]; /* words with spaces in quotes; cut when it is longer */
};

/* The folder of the program's file, or "" when the system does not tell. */
void program_folder(char *ret, size_t size);
void program_read(struct program *ret);
