#include "base/err.h"

#include "base/mem.h"

/* Ours, and the errno values that sockets and files really give.  strerror() is not pure. */
static const struct {
	int err;
	const char *text;
} texts[] = {
	{ 0, "success" },
	{ -ERR_SYNTAX, "malformed" },
	{ -ERR_LIMIT, "over a limit" },
	{ -ERR_UNSUPPORTED, "not supported" },
	{ -ERR_CONFIG, "the configuration is wrong" },
	{ -ERR_SECRET, "a secret cannot be used" },
	{ -ERR_AUTH, "the proof of identity does not verify" },
	{ -ERR_LEGAL, "has no equivalent on the other side" },
	{ ENOMEM, "out of memory" },
	{ EINVAL, "invalid argument" },
	{ EMSGSIZE, "message too long" },
	{ ECONNREFUSED, "connection refused" },
	{ ECONNRESET, "connection reset by peer" },
	{ ECONNABORTED, "connection aborted" },
	{ ETIMEDOUT, "connection timed out" },
	{ EHOSTUNREACH, "no route to host" },
	{ ENETUNREACH, "network is unreachable" },
	{ ENETDOWN, "network is down" },
	{ EHOSTDOWN, "host is down" },
	{ EPIPE, "broken pipe" },
	{ EADDRINUSE, "address already in use" },
	{ EADDRNOTAVAIL, "address not available" },
	{ EACCES, "permission denied" },
	{ EPERM, "operation not permitted" },
	{ ENOENT, "no such file or directory" },
	{ EISDIR, "is a directory" },
	{ EEXIST, "exists already" },
	{ EMFILE, "too many open files" },
	{ ENFILE, "too many open files in the system" },
	{ ENOBUFS, "no buffer space available" },
	{ EPROTO, "protocol error" },
	{ EFBIG, "file too large" },
	{ EIO, "input/output error" },
	{ ENOTCONN, "not connected" },
	{ EAFNOSUPPORT, "address family not supported" },
};

const char *err_text(int err)
{
	int negative = err < 0 ? err : -err; /* this way, because -INT_MIN is no int */

	for (size_t i = 0; i < COUNT(texts); i++)
		if (-texts[i].err == negative)
			return texts[i].text;
	return "unknown error";
}
