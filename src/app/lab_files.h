/* lab_files.h - the configuration and secrets with which `stox test` finds a lab. */
#pragma once

#include "lab/lab.h"

struct lab_files {
	char dir[512];
};

struct lab_files_cfg {
	const char *dir; /* NULL: a folder of its own below $TMPDIR */
	const struct lab_cfg *lab;
	struct slice ca;
	const char *registrar, *server; /* "": by name, which only ... */
	const char *dns;                /* ... this server knows; "" when no names are needed */
	const struct addr *next_hop, *component, *gateway;
	bool loose_secret;        /* others can read the first SIP user's */
	const struct addr *watch; /* where a watcher shows its pages; NULL: there is none */
};

/* 0, or -errno after a line on standard error. */
int lab_files_write(struct lab_files *f, const struct lab_files_cfg *cfg);
/* Removes what was written, unless it was asked for. */
void lab_files_done(struct lab_files *f, bool keep);
