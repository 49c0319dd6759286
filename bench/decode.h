/* decode.h - what the two halves of bench_decode share.  They are two files because both sides
 * claim names like SIP_METHOD_INVITE. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What sofia-sip read, to be held against what ours read. */
struct theirs {
	char method[32], branch[64], from_user[64], from_tag[64], to_host[64], call_id[128];
	unsigned vias, cseq, max_forwards;
	size_t n_body;
};

/* Decodes once and copies out; false when sofia-sip refuses the message. */
bool sofia_read(const char *text, size_t n, struct theirs *ret);
/* Decodes and frees `times` times; false when one decode fails. */
bool sofia_repeat(const char *text, size_t n, unsigned times);
