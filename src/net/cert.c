#include "net/cert.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/buf.h"
#include "base/mem.h"

/* ---- faults ---- */

static const struct {
	int error;
	unsigned fault;
} fault_rows[] = {
	{ X509_V_ERR_CERT_HAS_EXPIRED, TLS_FAULT_EXPIRED },
	{ X509_V_ERR_CERT_NOT_YET_VALID, TLS_FAULT_NOT_YET_VALID },
	{ X509_V_ERR_HOSTNAME_MISMATCH, TLS_FAULT_NAME },
	{ X509_V_ERR_IP_ADDRESS_MISMATCH, TLS_FAULT_NAME },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, TLS_FAULT_UNTRUSTED },
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, TLS_FAULT_UNTRUSTED },
	{ X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, TLS_FAULT_UNTRUSTED },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, TLS_FAULT_UNTRUSTED },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, TLS_FAULT_UNTRUSTED },
	{ X509_V_ERR_CERT_UNTRUSTED, TLS_FAULT_UNTRUSTED },
	{ X509_V_ERR_CERT_CHAIN_TOO_LONG, TLS_FAULT_UNTRUSTED },
	{ X509_V_ERR_INVALID_CA, TLS_FAULT_UNTRUSTED },
	/* An issuer of that name is known, with another key: the authority was made anew. */
	{ X509_V_ERR_CERT_SIGNATURE_FAILURE, TLS_FAULT_UNTRUSTED },
	{ X509_V_ERR_UNABLE_TO_DECRYPT_CERT_SIGNATURE, TLS_FAULT_UNTRUSTED },
	{ X509_V_ERR_EE_KEY_TOO_SMALL, TLS_FAULT_WEAK },
	{ X509_V_ERR_CA_KEY_TOO_SMALL, TLS_FAULT_WEAK },
	{ X509_V_ERR_CA_MD_TOO_WEAK, TLS_FAULT_WEAK },
	{ X509_V_ERR_CERT_REVOKED, TLS_FAULT_REVOKED },
	{ X509_V_ERR_INVALID_PURPOSE, TLS_FAULT_PURPOSE },
	/* Not every issuer has a list of revocations here, and an old list still tells what it
	 * does: that is nothing that the peer has done. */
	{ X509_V_ERR_UNABLE_TO_GET_CRL, 0 },
	{ X509_V_ERR_CRL_HAS_EXPIRED, 0 },
	{ X509_V_ERR_CRL_NOT_YET_VALID, 0 },
};

unsigned cert_fault(int error)
{
	for (size_t i = 0; i < COUNT(fault_rows); i++)
		if (fault_rows[i].error == error)
			return fault_rows[i].fault;
	return TLS_FAULT_OTHER;
}

/* ---- what is in it ---- */

int64_t cert_time(const ASN1_TIME *t)
{
	struct tm tm;
	int days = 0, seconds = 0;
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int64_t ret = 0;

	if (epoch && t && ASN1_TIME_to_tm(t, &tm) && ASN1_TIME_diff(&days, &seconds, epoch, t))
		ret = (int64_t)days * 86400 + seconds;
	ASN1_TIME_free(epoch);
	return ret;
}

void cert_put_name(char *ret, size_t size, X509_NAME *name)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ret[0] = '\0';
	if (!bio)
		return;
	X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
	int n = BIO_read(bio, ret, (int)size - 1);
	ret[n > 0 ? n : 0] = '\0';
	if (BIO_ctrl_pending(bio) > 0)
		memcpy(ret + size - 4, "...", 4);
	BIO_free(bio);
}

static void add_string(
	struct tls_facts *f, struct tls_cert *c, enum tls_name_kind kind, const ASN1_STRING *s)
{
	tls_add_name(f, c, kind, slice_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)));
}

static void add_ip(struct tls_facts *f, struct tls_cert *c, const ASN1_OCTET_STRING *ip)
{
	struct addr a = { .family = ASN1_STRING_length(ip) == 4 ? 4 : 6 };
	struct buf b;

	if (ASN1_STRING_length(ip) != 4 && ASN1_STRING_length(ip) != 16)
		return;
	memcpy(a.ip, ASN1_STRING_get0_data(ip), (size_t)ASN1_STRING_length(ip));
	buf_init(&b, ADDR_TEXT_MAX);
	addr_put_ip(&b, &a);
	tls_add_name(f, c, TLS_NAME_IP, buf_slice(&b));
	buf_done(&b);
}

/* A form of name that has only an object identifier; of another type it is another thing. */
static const struct {
	int nid, type;
	enum tls_name_kind kind;
} other_rows[] = {
	{ NID_SRVName, V_ASN1_IA5STRING, TLS_NAME_SRV },
	{ NID_XmppAddr, V_ASN1_UTF8STRING, TLS_NAME_XMPP_ADDR },
};

static void add_other(struct tls_facts *f, struct tls_cert *c, const OTHERNAME *name)
{
	const int nid = OBJ_obj2nid(name->type_id);

	for (size_t i = 0; i < COUNT(other_rows); i++)
		if (other_rows[i].nid == nid && other_rows[i].type == name->value->type)
			add_string(f, c, other_rows[i].kind, name->value->value.asn1_string);
}

static void add_names(struct tls_facts *f, struct tls_cert *c, X509 *x)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	for (int i = 0; names && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		switch (g->type) {
		case GEN_DNS: add_string(f, c, TLS_NAME_DNS, g->d.dNSName); break;
		case GEN_URI: add_string(f, c, TLS_NAME_URI, g->d.ia5); break;
		case GEN_IPADD: add_ip(f, c, g->d.iPAddress); break;
		case GEN_OTHERNAME: add_other(f, c, g->d.otherName); break;
		default: break; /* nobody is looked for by a mail address or a directory's name */
		}
	}
	GENERAL_NAMES_free(names);
}

struct tls_cert *cert_at(struct tls_facts *f, int depth, X509 *x)
{
	for (unsigned i = 0; i < f->n_certs; i++)
		if (f->certs[i].depth == depth)
			return &f->certs[i];
	if (f->n_certs == TLS_CHAIN_MAX && f->certs[TLS_CHAIN_MAX - 1].depth < depth)
		return NULL;
	/* The library may begin at the other end: of a long chain the top is left out. */
	if (f->n_certs == TLS_CHAIN_MAX)
		f->n_certs--;
	/* Ordered by depth: the peer's own certificate is the first, whenever it is looked at. */
	unsigned at = f->n_certs++;
	while (at > 0 && f->certs[at - 1].depth > depth) {
		f->certs[at] = f->certs[at - 1];
		at--;
	}
	struct tls_cert *cert = &f->certs[at];
	*cert = (struct tls_cert){ .depth = depth };
	cert_put_name(cert->subject, sizeof(cert->subject), X509_get_subject_name(x));
	cert_put_name(cert->issuer, sizeof(cert->issuer), X509_get_issuer_name(x));
	add_names(f, cert, x);
	cert->not_before = cert_time(X509_get0_notBefore(x));
	cert->not_after = cert_time(X509_get0_notAfter(x));
	return cert;
}

/* ---- whom it is for ---- */

/* What RFC 5922 section 7.1 takes for an identity: a sip URI without a user; of it the host. */
static bool sip_identity(const GENERAL_NAME *g, struct slice *ret)
{
	if (g->type != GEN_URI)
		return false;
	const ASN1_STRING *s = g->d.ia5;
	struct slice uri = slice_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
	struct slice scheme = slice_split(&uri, ':');

	if (!slice_ieqs(scheme, "sip") || slice_chr(uri, '@') < uri.n)
		return false;
	uri = slice_split(&uri, '?');
	uri = slice_split(&uri, ';');
	*ret = slice_split(&uri, ':');
	return true;
}

static bool is_for_host(X509 *x, const char *name, unsigned flags)
{
	return X509_check_host(x, name, 0, flags | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

/* Section 7.2: the whole name and no wildcard; DNS names count only beside no sip URI at all. */
static bool is_for_sip(X509 *x, const GENERAL_NAMES *names, const char *name)
{
	bool any = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		struct slice host;

		if (!sip_identity(sk_GENERAL_NAME_value(names, i), &host))
			continue;
		if (slice_ieqs(host, name))
			return true;
		any = true;
	}
	return !any && is_for_host(x, name, X509_CHECK_FLAG_NO_WILDCARDS);
}

static bool is_other(const GENERAL_NAME *g, int nid, int type, struct slice want)
{
	if (g->type != GEN_OTHERNAME || OBJ_obj2nid(g->d.otherName->type_id) != nid ||
		g->d.otherName->value->type != type)
		return false;
	const ASN1_STRING *s = g->d.otherName->value->value.asn1_string;

	return slice_ieq(slice_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s)), want);
}

static bool is_for_xmpp(X509 *x, const GENERAL_NAMES *names, const char *service, const char *name)
{
	char srv[300];

	snprintf(srv, sizeof(srv), "%s.%s", service, name);
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (is_other(g, NID_SRVName, V_ASN1_IA5STRING, slice_str(srv)) ||
			is_other(g, NID_XmppAddr, V_ASN1_UTF8STRING, slice_str(name)))
			return true;
	}
	return is_for_host(x, name, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

bool cert_is_for(X509 *x, enum tls_naming naming, const char *name)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);
	bool ret = false;

	switch (naming) {
	case TLS_NAMING_HOST:
		ret = is_for_host(x, name, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
		break;
	case TLS_NAMING_SIP: ret = is_for_sip(x, names, name); break;
	case TLS_NAMING_XMPP_CLIENT: ret = is_for_xmpp(x, names, "_xmpp-client", name); break;
	case TLS_NAMING_XMPP_SERVER: ret = is_for_xmpp(x, names, "_xmpp-server", name); break;
	}
	GENERAL_NAMES_free(names);
	return ret;
}
