/* address.h - SIP addresses to XMPP addresses and back, RFC 7247 section 6 with XEP-0106.
 *
 * Both ways all ten escapes of XEP-0106 are used (RFC 7247 section 6.2 asks for
 * it; its steps in 6.4 and 6.5 name only three).  Mapping there and back is
 * the identity on every legal address.
 */
#pragma once

#include "sip/uri.h"
#include "xmpp/jid.h"

/* What a person typed or a file holds: `sip:a@b`, `xmpp:a@b`, `im:a@b` or bare. */
enum address_kind {
	ADDRESS_BARE,
	ADDRESS_SIP,
	ADDRESS_XMPP,
};

/* SIP to XMPP.  0; ERR_SYNTAX (SIP 400: control bytes, bad UTF-8, leading or trailing space, IP
 * literal, password); ERR_LIMIT (414); ERR_UNSUPPORTED (416: tel, unknown schemes; sips is refused
 * by the caller before: RFC 7247 section 8).  A `gr` parameter becomes the resource; a port is
 * ignored. */
int address_to_jid(const struct sip_uri *uri, struct jid *ret, struct where *where);

/* XMPP to SIP: "sip:user@host" or, with a resource, "sip:user@host;gr=resource".  The domain
 * becomes A-labels.  0, ERR_SYNTAX (jid-malformed), or the buffer's error. */
int address_to_sip(const struct jid *jid, bool with_resource, struct buf *b, struct where *where);

/* The address as an IRI, RFC 5122: "xmpp:node@host/resource", percent-escaped. */
void address_put_iri(const struct jid *jid, struct buf *b);

/* The new address that a <gone/> or <redirect/> names, as the URI of a Contact: of an xmpp: IRI
 * (RFC 5122; a query is dropped) the SIP address, any other URI as it is, since a Contact can hold
 * every scheme (RFC 3261 section 21.3).  0, ERR_SYNTAX (no URI; no form in SIP; with headers or a
 * password, which are not the far side's to set), ERR_LIMIT, or the buffer's error. */
int address_iri_to_contact(struct slice iri, struct buf *b, struct where *where);

/* Reads what a person typed, as a bare JID (of either world) and as a sip: URI. */
int address_read(struct slice text, enum address_kind *kind, struct jid *ret, struct where *where);
