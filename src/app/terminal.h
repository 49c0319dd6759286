/* terminal.h - what stands at the other end of a stream: a terminal, how wide, with which signs.
 *
 * Colour is for terminals, and never on one that cannot (TERM=dumb).  NO_COLOR
 * set to anything takes it away (no-color.org), CLICOLOR_FORCE set to anything
 * but 0 gives it to a pipe, too (bixense.com/clicolors), and --color beats
 * both.
 */
#pragma once

#include <stdio.h>

#include "app/opt.h"
#include "base/sheet.h"

enum terminal_colour {
	TERMINAL_COLOUR_AUTO,
	TERMINAL_COLOUR_ALWAYS,
	TERMINAL_COLOUR_NEVER,
};

/* A terminal that can move its cursor: something may be shown and taken back. */
bool terminal_can_erase(FILE *f);
/* Columns of the terminal (COLUMNS, else what it says, else 80); 0 when it is none. */
unsigned terminal_width(FILE *f);
struct sheet_style terminal_style(FILE *f, enum terminal_colour when);

/* The value of --color; NULL is auto.  False for an unknown one. */
bool terminal_colour_find(const char *name, enum terminal_colour *ret);
opt_words terminal_colour_words;
