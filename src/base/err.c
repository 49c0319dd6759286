#include "base/err.h"

#include "base/mem.h"
#include "base/text.h"

/* Ours, and the errno values that sockets and files really give.  strerror() is not pure. */
static const struct {
	int err;
	const char *text;
} texts[] = {
	{ 0, N_("success") },
	{ -ERR_SYNTAX, N_("malformed") },
	{ -ERR_LIMIT, N_("over a limit") },
	{ -ERR_UNSUPPORTED, N_("not supported") },
	{ -ERR_CONFIG, N_("the configuration is wrong") },
	{ -ERR_SECRET, N_("a secret cannot be used") },
	{ -ERR_AUTH, N_("the proof of identity does not verify") },
	{ -ERR_LEGAL, N_("has no equivalent on the other side") },
	{ ENOMEM, N_("out of memory") },
	{ EINVAL, N_("invalid argument") },
	{ EMSGSIZE, N_("message too long") },
	{ ECONNREFUSED, N_("connection refused") },
	{ ECONNRESET, N_("connection reset by peer") },
	{ ECONNABORTED, N_("connection aborted") },
	{ ETIMEDOUT, N_("connection timed out") },
	{ EHOSTUNREACH, N_("no route to host") },
	{ ENETUNREACH, N_("network is unreachable") },
	{ ENETDOWN, N_("network is down") },
	{ EHOSTDOWN, N_("host is down") },
	{ EPIPE, N_("broken pipe") },
	{ EADDRINUSE, N_("address already in use") },
	{ EADDRNOTAVAIL, N_("address not available") },
	{ EACCES, N_("permission denied") },
	{ EPERM, N_("operation not permitted") },
	{ ENOENT, N_("no such file or directory") },
	{ EISDIR, N_("is a directory") },
	{ EEXIST, N_("exists already") },
	{ EMFILE, N_("too many open files") },
	{ ENFILE, N_("too many open files in the system") },
	{ ENOBUFS, N_("no buffer space available") },
	{ EPROTO, N_("protocol error") },
	{ EFBIG, N_("file too large") },
	{ EIO, N_("input/output error") },
	{ ENOTCONN, N_("not connected") },
	{ EAFNOSUPPORT, N_("address family not supported") },
	{ ENOTDIR, N_("not a directory") },
	{ ELOOP, N_("too many symbolic links") },
	{ ENAMETOOLONG, N_("file name too long") },
	{ ENOSPC, N_("no space left on device") },
	{ EDQUOT, N_("disk quota exceeded") },
	{ EROFS, N_("read-only file system") },
	{ EBUSY, N_("device or resource busy") },
	{ ETXTBSY, N_("text file busy") },
	{ EAGAIN, N_("resource temporarily unavailable") },
	{ EINTR, N_("interrupted") },
	{ EBADF, N_("bad file descriptor") },
	{ ENXIO, N_("no such device or address") },
};

const char *err_text(int err)
{
	int negative = err < 0 ? err : -err; /* this way, because -INT_MIN is no int */

	for (size_t i = 0; i < COUNT(texts); i++)
		if (-texts[i].err == negative)
			return texts[i].text;
	return N_("unknown error");
}
