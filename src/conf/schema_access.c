/* Who reaches the watcher, and what he may: below `watch`. */
#include "conf/schema.h"

#include "conf/schema_rows.h"

const struct section schema_watch_tls = {
	.size = sizeof(struct conf_tls),
	.n_items = 2,
	.items = {
		{ AT(conf_tls, certificate_file), .type = ITEM_TEXT, .required = true,
			.syntax = &syntax_path,
			.doc = N_("The certificate, in PEM, and those between it and its issuer.") },
		{ AT(conf_tls, key_file), .type = ITEM_TEXT, .required = true, .syntax = &syntax_path,
			.doc = N_("Its private key, in PEM without a pass phrase.") },
	},
};

const struct section schema_sign_in = {
	.size = sizeof(struct conf_sign_in),
	.n_items = 3,
	.items = {
		{ AT(conf_sign_in, users_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("Users with the bcrypt hash of their password, a line NAME:HASH each, "
			       "as `htpasswd -B` writes it; cost 4 to 14.") },
		{ AT(conf_sign_in, tokens_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("Bearer tokens, a line NAME:HASH each, with the SHA-256 of the token "
			       "in hexadecimal, as `sha256sum` writes it.") },
		{ AT(conf_sign_in, ca_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("The certificates, in PEM, that sign those of clients.") },
	},
};

const struct section schema_role = {
	.size = sizeof(struct conf_role),
	.n_items = 6,
	.items = {
		{ AT(conf_role, name), .type = ITEM_TEXT, .required = true, .syntax = &syntax_word,
			.doc = N_("What it is called: administrator, server-administrator, help-desk, "
			       "view-only and machine have their commands already; any other name is "
			       "a role of your own.") },
		{ AT(conf_role, template), .type = ITEM_TEXT, .syntax = &syntax_word,
			.doc = N_("The predefined role whose commands one of your own has.") },
		{ AT(conf_role, commands), .type = ITEM_TEXTS, .syntax = &syntax_word, .min = 1, .max = 12,
			.doc = N_("What it may, instead of a `template`: view, history, report, "
			       "metrics, test, probe, acknowledge, status, test-alert, reload, roles, "
			       "audit.") },
		{ AT(conf_role, members), .type = ITEM_TEXTS, .syntax = &syntax_role_member, .max = 256,
			.doc = N_("Who has it: local:USER and group:GROUP of this machine, over the "
			       "control socket; user:NAME, token:NAME and certificate:NAME over HTTP, "
			       "where the name of a certificate is one of its alternative names; "
			       "loopback is who comes from this machine without saying who he is.") },
		{ AT(conf_role, pools), .type = ITEM_TEXTS, .syntax = &syntax_host, .min = 1, .max = 64,
			.doc = N_("The pools in its scope, by their `fqdn`.  Left out, all, and what "
			       "has none.") },
		{ AT(conf_role, partners), .type = ITEM_TEXTS, .syntax = &syntax_domain, .min = 1,
			.max = 4096,
			.doc = N_("The partners in its scope, by their domain.  Left out, all, and "
			       "what has none.") },
	},
};

const struct section schema_public = {
	.size = sizeof(struct conf_public),
	.n_items = 3,
	.items = {
		{ AT(conf_public, partner), .type = ITEM_TEXT, .required = true, .syntax = &syntax_domain,
			.doc = N_("The partner, by its domain.") },
		{ AT(conf_public, name), .type = ITEM_TEXT, .syntax = &syntax_line,
			.doc = N_("What it is called there.  Left out, its domain.") },
		{ AT(conf_public, token_hash), .type = ITEM_TEXT, .required = true, .syntax = &syntax_sha256,
			.doc = N_("The SHA-256 of the last part of the address, in hexadecimal: "
			       "`t=$(openssl rand -hex 16); echo $t; printf %s $t | sha256sum`.  Who "
			       "has the address sees the page; another hash revokes it.") },
	},
};

const struct section schema_watch_control = {
	.size = sizeof(struct conf_control),
	.n_items = 2,
	.items = {
		{ AT(conf_control, socket), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("Its path.  Without it the socket is `control` in the folder that "
			       "systemd makes for the service (RuntimeDirectory=), and outside of "
			       "systemd there is none.") },
		{ AT(conf_control, group), .type = ITEM_TEXT, .syntax = &syntax_line,
			.doc = N_("A group whose members reach it, beside root and the user that the "
			       "watcher runs as; what they may is said by `roles`.") },
	},
};
