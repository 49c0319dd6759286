#include "app/process.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>

#include "app/language.h"

void process_hold_descriptors(void)
{
	static const int flags[] = { [0] = O_RDONLY, [1] = O_RDONLY, [2] = O_WRONLY };

	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF)
			(void)open("/dev/null", flags[fd]);
}

bool process_can_encrypt(void)
{
	return OPENSSL_init_crypto(0, NULL) && OSSL_LIB_CTX_get0_global_default();
}

int process_finish(int status)
{
	const bool failed = ferror(stdout);

	if (fflush(stdout) == 0 && !failed)
		return status;
	fputs("stox: ", stderr);
	say(stderr, TEXT_PLAIN(N_("standard output could not be written in full")));
	return status ? status : PROCESS_NOT_HERE;
}
