/* check_config.h - `stox check config`: the third part of `stox check`, which speaks to nobody. */
#pragma once

#include "app/opt.h"

enum { CHECK_CONFIG_OPTS = 3 };

/* For the table of the parts of `stox check`. */
extern const struct opt check_config_opts[CHECK_CONFIG_OPTS];
#define CHECK_CONFIG_SUMMARY N_("find what is wrong with stox.yaml and what it names")

/* argv[0] is "config"; returns the exit status. */
int check_config(const struct opt_command *command, int argc, char **argv);
/* `stox gateway --check`: what the start would refuse is on standard error, with status 2. */
int check_config_for_gateway(const char *file);
