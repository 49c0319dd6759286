/* process.h - what each of our programs does before and behind its work. */
#pragma once

#include <stdbool.h>

enum { PROCESS_NOT_HERE = 3 }; /* the exit status of a failure that says nothing of the target */

/* A descriptor that came closed would be that of the next socket, and what is printed would go to
 * a peer.  Writing to standard output still fails: nobody gets the result. */
void process_hold_descriptors(void);
/* OpenSSL sets itself up at its first use; when there was no memory for that it crashes at the
 * second.  False: no memory. */
bool process_can_encrypt(void);
/* What was printed and did not arrive is no success, whatever the work came to: the exit status. */
int process_finish(int status);
