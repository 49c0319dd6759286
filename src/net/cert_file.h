/* cert_file.h - what a file of issuers holds, before a handshake needs it. */
#pragma once

#include "base/slice.h"

enum { CERT_FILE_NAME_MAX = 160 };

/* A certificate, or a list of revoked ones, and when it ends (nextUpdate: RFC 5280 section
 * 5.1.2.5). */
struct cert_file_end {
	char name[CERT_FILE_NAME_MAX]; /* the subject; of a list its issuer */
	int64_t at;                    /* seconds since 1970 */
};

struct cert_file {
	unsigned n_certs, n_ended, n_lists;
	struct cert_file_end ended; /* one of those that have */
	struct cert_file_end next;  /* the first that will; n_certs > n_ended */
	struct cert_file_end list;  /* the first list that ends, or has; n_lists > 0 */
};

/* 0, or as trust_add_ca(), which is asked whether it would take it. */
int cert_file_read(struct slice pem, int64_t now_s, struct cert_file *ret);
