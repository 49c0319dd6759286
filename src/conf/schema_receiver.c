/* Whom tests write to: of a partner, and of a test of its own. */
#include "conf/schema.h"

#include "conf/schema_rows.h"

const struct section schema_receiver = {
	.size = sizeof(struct conf_receiver),
	.n_items = 3,
	.items = {
		{ AT(conf_receiver, address), .type = ITEM_TEXT, .required = true,
			.syntax = &syntax_im_user,
			.doc = N_("The XMPP address that tests write to; its domain is one of the "
			       "partner's.") },
		{ AT(conf_receiver, server), .type = ITEM_TEXT, .syntax = &syntax_server,
			.doc = N_("The server of the receiver.  Left out, DNS says it (SRV, RFC 6120).") },
		{ AT(conf_receiver, password_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("The file with the password of the receiver.  Left out, the arrival of "
			       "a message cannot be proved, and the result says so.") },
	},
};
