#include "probe/diagnostics.h"

#include "base/mem.h"

/* Sorted by code. */
static const struct diagnostics_row rows[] = {
	{ 0, N_("internal error of a server"), REASON_NONE },
	{ 1, N_("the service is not available"), REASON_NONE },
	{ 2, N_("no more is known than the status and its phrase"), REASON_NONE },
	{ 4, N_("not enough bandwidth"), REASON_NONE },
	{ 1000, N_("the final handshake of the sign-in failed"), REASON_NONE },
	{ 1001, N_("the sender may not write to public IM providers"), REASON_SIP_FORBIDDEN },
	{ 1002, N_("the sender may not write to federated partners"), REASON_SIP_FORBIDDEN },
	{ 1003, N_("the user does not exist"), REASON_SIP_NOT_FOUND },
	{ 1004, N_("the route set is no longer valid"), REASON_NONE },
	{ 1005, N_("the destination domain cannot be routed to"), REASON_SIP_PARTNER_NOT_ALLOWED },
	{ 1006, N_("routing on the client's connection failed"), REASON_NONE },
	{ 1007, N_("it cannot be routed for the time being"), REASON_SIP_GATEWAY_DOWN },
	{ 1008, N_("the DNS SRV record could not be resolved"), REASON_SIP_NO_ROUTE },
	{ 1009, N_("no SRV record fits the domain"), REASON_SIP_NO_ROUTE },
	{ 1010, N_("the certificate of the next server is not trusted"), REASON_SIP_GATEWAY_DOWN },
	{ 1011, N_("the previous hop gave no diagnostics"), REASON_NONE },
	{ 1012, N_("the sender may not write outside the organisation"), REASON_SIP_FORBIDDEN },
	{ 1013, N_("the clocks differ too much for the authentication"), REASON_NONE },
	{ 1014, N_("the DNS A record could not be resolved"), REASON_SIP_NO_ROUTE },
	{ 1017, N_("these From and To domains cannot be routed in this combination"),
		REASON_SIP_FORBIDDEN },
	{ 1027, N_("this kind of request cannot be routed to or from federated partners"),
		REASON_SIP_FORBIDDEN },
	{ 1034, N_("the federated peer in front gave no diagnostics"), REASON_NONE },
	{ 1047, N_("no TLS with the federated peer's server"), REASON_SIP_GATEWAY_DOWN },
	{ 2139, N_("an older subscription was ended"), REASON_NONE },
	{ 4000, N_("user services: the default error"), REASON_NONE },
	{ 4001, N_("user services: the XML cannot be parsed"), REASON_NONE },
	{ 4003, N_("the sender is not enabled for access from outside"), REASON_SIP_FORBIDDEN },
	{ 4004, N_("these credentials may not act for this sender"), REASON_SIP_FORBIDDEN },
	{ 4005, N_("the destination is not enabled for SIP or does not exist"),
		REASON_SIP_NOT_FOUND },
	{ 4006, N_("the user was not found in the pool"), REASON_SIP_NOT_FOUND },
	{ 4007, N_("the resource is unknown"), REASON_NONE },
	{ 4008, N_("the input is too large"), REASON_NONE },
	{ 4010, N_("the endpoint's id is missing"), REASON_NONE },
	{ 4011, N_("the epid is missing"), REASON_NONE },
	{ 4012, N_("the epid is too long"), REASON_NONE },
	{ 4013, N_("the content type does not fit"), REASON_NONE },
	{ 4141, N_("the user is disabled"), REASON_SIP_FORBIDDEN },
	{ 5001, N_("an application did not answer in time"), REASON_NONE },
	{ 5002, N_("an application cancelled the request"), REASON_NONE },
	{ 5003, N_("an application failed"), REASON_NONE },
	{ 5004, N_("an application could not parse the request"), REASON_NONE },
	{ 6003, N_("a request outside a dialog is not supported"), REASON_NONE },
	{ 10003, N_("a proxy passed a SIP failure on"), REASON_NONE },
	{ 12001, N_("the user's policy has no such route"), REASON_SIP_FORBIDDEN },
	{ 15030, N_("the call or message could not be completed"), REASON_NONE },
};

static const struct {
	uint32_t first, last;
	const char *about;
} ranges[] = {
	{ 0, 999, N_("errors common to all servers") },
	{ 1000, 1999, N_("the SIP stack") },
	{ 2000, 2999, N_("presence") },
	{ 3000, 3999, N_("conferencing") },
	{ 4000, 4999, N_("user services") },
	{ 5000, 5999, N_("applications") },
	{ 6000, 6999, N_("the IM conferencing service") },
	{ 7000, 7999, N_("audio and video conferencing") },
	{ 8000, 8999, N_("telephony conferencing") },
	{ 9000, 9999, N_("media relay authentication") },
	{ 10000, 10999, N_("the mediation server") },
	{ 11000, 11999, N_("metrics") },
	{ 12000, 12999, N_("outbound routing") },
	{ 13000, 13999, N_("inbound routing") },
	{ 14000, 14999, N_("number translation") },
	{ 15000, 15999, N_("unified messaging") },
	{ 16000, 16999, N_("the IM filter: the text was blocked") },
	{ 17000, 17999, N_("the filter of client versions: this program was refused") },
	{ 60000, 60999, N_("an application: success") },
	{ 61000, 61999, N_("an application: an expected failure") },
	{ 62000, 62999, N_("an application: an unexpected failure") },
	{ 90000, 90999, N_("public IM connectivity") },
};

const struct diagnostics_row *diagnostics_find(uint32_t code)
{
	for (size_t i = 0; i < COUNT(rows) && rows[i].code <= code; i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

const char *diagnostics_range(uint32_t code)
{
	for (size_t i = 0; i < COUNT(ranges); i++)
		if (code >= ranges[i].first && code <= ranges[i].last)
			return ranges[i].about;
	return NULL;
}
