/* dns_read.h - a message of the DNS as values, by c-ares. */
#pragma once

#include "base/dns.h"

/* Without its final dot; "" for one that is too long. */
void dns_copy_name(char ret[DNS_NAME_MAX], const char *name);
/* How many records of that type, at most DNS_RECORDS_MAX; -1 when the answer is ill-formed. */
int dns_read_records(enum dns_type type, const unsigned char *p, int n, struct dns_record *out);
/* Where the chain of CNAME records ends that the answer begins with; "" without one. */
void dns_read_alias(const unsigned char *p, int n, char ret[DNS_NAME_MAX]);
/* RFC 1035 section 4.1.1: the answer was cut, and is whole over TCP. */
bool dns_is_cut(const unsigned char *p, int n);
