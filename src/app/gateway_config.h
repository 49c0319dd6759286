/* gateway_config.h - the configuration file, its partners and its secret, as the gateway takes
 * them: at the start, with --check, and at each reload.  What is refused at one is refused at all.
 */
#pragma once

#include <sys/types.h>

#include "app/files.h"
#include "app/secret.h"
#include "gateway/gateway.h"

struct gateway_config {
	/* The owner's, before it is read: who reads what is said (NULL: English, for a log), and
	 * where it goes, as whole lines. */
	text_look_up *look_up;
	struct buf *why;

	struct conf *conf;
	char *path; /* where it was found */
	struct partners *partners;
	struct gateway_cfg cfg; /* points into the rest */
	char secret[SECRET_MAX + 1];
	bool has_control_group;
	gid_t control_group;
	struct addr metrics;        /* family 0: there are none */
	const char **metrics_names; /* NULL at the end; NULL: any */
};

/* FILE, or NULL for where one is looked for.  0; or, with lines in `why`, an exit status: 2, or 3
 * (no memory). */
int gateway_config_read(struct gateway_config *c, const char *file);
/* Its two halves: the file, and all that a gateway wants of it, each fault with a line. */
int gateway_config_find(struct gateway_config *c, const char *file);
int gateway_config_fill(struct gateway_config *c);
/* Who may speak with whom, alone: also of a file that has no gateway. */
int gateway_config_fill_partners(struct gateway_config *c);
/* Whose domain it is, by its prepared form, and where the file says so; NULL: nobody's. */
const struct conf_pool *gateway_config_find_pool(
	const struct gateway_config *c, const char *prepared, struct conf_place *ret);
const struct conf_partner *gateway_config_find_partner(
	const struct gateway_config *c, const char *prepared, struct conf_place *ret);
/* The secret's file again.  0 or an error with a sentence; the secret is then not to be used. */
int gateway_config_read_secret(struct gateway_config *c, struct text *why);
void gateway_config_done(struct gateway_config *c); /* zeroed: also of what was never read */
