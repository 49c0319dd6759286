/* xserver.h - the XEP-0114 server of the benchmarks, for one component: what comes in, and what
 * goes out.  Whatever goes wrong ends the program. */
#pragma once

#include <stddef.h>

enum { XSERVER_MAX = 1 << 20 };

extern char xserver_in[XSERVER_MAX + 1]; /* ends with a zero byte */
extern size_t xserver_n_in;

/* Prints "listening", takes one connection and checks its handshake. */
int xserver_accept(unsigned port, const char *secret);
void xserver_fill(int fd); /* waits for more */
void xserver_put(const char *text, size_t n);
void xserver_flush(int fd); /* what was put; nothing is no error */
/* What is before `rest` is dealt with. */
void xserver_keep(const char *rest);
