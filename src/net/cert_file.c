#include "net/cert_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include "net/cert.h"
#include "net/trust.h"

static void keep_first(struct cert_file_end *first, bool has, X509_NAME *name, int64_t at)
{
	if (has && first->at <= at)
		return;
	cert_put_name(first->name, sizeof(first->name), name);
	first->at = at;
}

static void look_at(struct cert_file *f, X509 *x, int64_t now_s)
{
	const int64_t at = cert_time(X509_get0_notAfter(x));

	if (at < now_s) {
		keep_first(&f->ended, f->n_ended > 0, X509_get_subject_name(x), at);
		f->n_ended++;
	} else
		keep_first(&f->next, f->n_certs > f->n_ended, X509_get_subject_name(x), at);
	f->n_certs++;
}

static void look_at_list(struct cert_file *f, X509_CRL *x)
{
	const ASN1_TIME *end = X509_CRL_get0_nextUpdate(x);

	if (!end)
		return;
	keep_first(&f->list, f->n_lists > 0, X509_CRL_get_issuer(x), cert_time(end));
	f->n_lists++;
}

int cert_file_read(struct slice pem, int64_t now_s, struct cert_file *ret)
{
	struct trust *trust = NULL;
	int err = trust_new(&trust);

	if (!err)
		err = trust_add_ca(trust, 1, pem);
	trust_free(trust);
	if (err)
		return err;
	/* It was found whole: the readers stop at its end. */
	BIO *certs = BIO_new_mem_buf(pem.p, (int)pem.n),
	    *lists = BIO_new_mem_buf(pem.p, (int)pem.n);
	struct cert_file f = { 0 };

	for (X509 *x; certs && (x = PEM_read_bio_X509(certs, NULL, NULL, NULL)); X509_free(x))
		look_at(&f, x, now_s);
	for (X509_CRL *x; lists && (x = PEM_read_bio_X509_CRL(lists, NULL, NULL, NULL));
		X509_CRL_free(x))
		look_at_list(&f, x);
	BIO_free(certs);
	BIO_free(lists);
	ERR_clear_error();
	*ret = f;
	return f.n_certs ? 0 : -ENOMEM;
}
