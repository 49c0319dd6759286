/* The body of a message as it comes from a peer: its Content-Type up to the first line end, then
 * what it holds. */
#include <assert.h>

#include "base/str.h"
#include "bridge/body.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_msg msg;
	struct slice body = slice_of(data, size < SIP_MSG_MAX ? size : SIP_MSG_MAX);
	const struct slice type = slice_split(&body, '\n');
	enum refused refused;
	struct body got;

	msg = (struct sip_msg){ .content_type = type, .body = body };
	const int err = body_read(&msg, &got, &refused);
	if (err) {
		assert(err == ERR_LEGAL && refused_row(refused)->status >= 400);
		return 0;
	}
	assert(utf8_is_xml_text(got.text, NULL) && slice_trim(got.text).n > 0);
	assert(got.text.n <= 3 * SIP_MSG_MAX && got.n_left_out < BODY_PARTS_MAX);
	body_done(&got);
	return 0;
}
