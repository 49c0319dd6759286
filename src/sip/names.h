/* names.h - from bytes to the enums of msg.h. */
#pragma once

#include "sip/msg.h"

enum sip_method sip_method_find(struct slice name); /* SIP_METHOD_OTHER when unknown */
enum sip_hdr_id sip_hdr_find(struct slice name);    /* long or compact; SIP_HDR_OTHER */
