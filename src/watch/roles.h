/* roles.h - who may do what, and the one place that decides it: a role has members, commands, and
 * the pools and partners in its scope.  Whoever is a member of several has all of what they may.
 *
 * Five are predefined, after Lync's (Get-CsAdminRole): their commands are fixed, as those are;
 * members and scope are the configuration's.  Somebody who is in no role may do nothing.
 *
 * Pure.  All of it is borrowed.
 */
#pragma once

#include "base/slice.h"

enum role_command {
	ROLE_VIEW,        /* how things stand: pages, feed, live events, badges, the API's states */
	ROLE_HISTORY,     /* runs and incidents that are over, with their evidence */
	ROLE_REPORT,      /* availability over a time */
	ROLE_METRICS,     /* /metrics */
	ROLE_TEST,        /* run a test of the configuration now */
	ROLE_PROBE,       /* /probe: one of them, for a scrape */
	ROLE_ACKNOWLEDGE, /* an incident */
	ROLE_STATUS,      /* the watcher itself: stox ctl status */
	ROLE_TEST_ALERT,  /* tell a receiver that this is a test */
	ROLE_RELOAD,      /* read the configuration again */
	ROLE_ROLES,       /* who may what, of others than oneself */
	ROLE_AUDIT,       /* who did what */
};
enum { ROLE_COMMANDS = 12 };

const char *role_command_name(enum role_command c);                /* "test-alert" */
bool role_command_find(struct slice name, enum role_command *ret); /* false: none is called so */
/* It concerns all pools and partners, so that a role with a scope never has it. */
bool role_command_is_global(enum role_command c);

enum role_preset {
	ROLE_ADMINISTRATOR,
	ROLE_SERVER_ADMINISTRATOR,
	ROLE_HELP_DESK,
	ROLE_VIEW_ONLY,
	ROLE_MACHINE,
};
enum { ROLE_PRESETS = 5 };

const char *role_preset_name(enum role_preset p);  /* "help-desk" */
unsigned role_preset_commands(enum role_preset p); /* 1 << enum role_command */

/* In which way somebody has shown who he is. */
enum role_by {
	ROLE_BY_LOCAL,       /* "local:alice": a user of this machine, over the control socket */
	ROLE_BY_GROUP,       /* "group:helpdesk": a member of a group of it */
	ROLE_BY_USER,        /* "user:alice": with a password, over HTTP */
	ROLE_BY_TOKEN,       /* "token:prometheus" */
	ROLE_BY_CERTIFICATE, /* "certificate:monitor.example.org": a name in it */
	ROLE_BY_LOOPBACK,    /* "loopback": from this machine, without saying who */
};
enum { ROLE_BYS = 6 };

const char *role_by_name(enum role_by by);

struct role_member {
	enum role_by by;
	struct slice name; /* LOOPBACK: "" */
};

/* "KIND:NAME", or "loopback".  False: it is neither. */
bool role_member_read(struct slice text, struct role_member *ret);

enum { ROLES_MAX = 64 }; /* bits of a role_set */

struct role {
	const char *name;
	unsigned commands; /* 1 << enum role_command */
	const struct role_member *members;
	size_t n_members;
	/* None: all of them.  A test that has none is in the scope of no role that names some. */
	const char *const *pools, *const *partners;
	size_t n_pools, n_partners;
};

struct roles {
	const struct role *v;
	unsigned n; /* at most ROLES_MAX */
};

typedef uint64_t role_set; /* 1 << its number */

/* Who it is: the way and name, and of a local one his groups. */
struct role_who {
	enum role_by by;
	struct slice name;
	const struct slice *groups;
	size_t n_groups;
	bool is_owner; /* root, or whom the service runs as: an administrator in any case */
};

role_set roles_of(const struct roles *r, const struct role_who *who);

/* A test, by its pool and its partner's domain; either may be NULL. */
struct role_target {
	const char *pool, *partner;
};

/* May one of `mine` do it to this test?  NULL: to the whole watcher, all pools and partners. */
bool roles_may(const struct roles *r, role_set mine, enum role_command c,
	const struct role_target *target);
/* The roles that may, of all. */
role_set roles_that_may(
	const struct roles *r, enum role_command c, const struct role_target *target);
/* May one of `mine` do it to anything at all?  Then a list has what is in their scope. */
bool roles_may_some(const struct roles *r, role_set mine, enum role_command c);
