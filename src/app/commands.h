/* commands.h - one function a command; each returns the program's exit status. */
#pragma once

int cmd_test(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_gateway(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_lab(int argc, char **argv);
/* The monitoring plugin: the program called by that name. */
int cmd_check_stox(int argc, char **argv);
