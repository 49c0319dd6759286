#include "app/program.h"

#include <string.h>
#include <unistd.h>

#include "app/file_in.h"
#include "probe/mask.h"

enum { ARGUMENTS_MAX = 1 << 20 };

static void put_word(struct buf *b, struct slice word)
{
	const char *quote = word.n == 0 || slice_chr(word, ' ') < word.n ? "'" : "";

	buf_puts(b, quote);
	mask_address(b, word);
	buf_puts(b, quote);
}

static void put_command(struct buf *b)
{
	struct buf arguments;
	struct text why;

	buf_init(&arguments, ARGUMENTS_MAX);
	if (file_in_read("/proc/self/cmdline", ARGUMENTS_MAX, &arguments, &why) == 0) {
		struct slice rest = buf_slice(&arguments);

		while (rest.n) {
			if (buf_len(b))
				buf_putc(b, ' ');
			put_word(b, slice_split(&rest, '\0'));
		}
	}
	buf_done(&arguments);
}

void program_folder(char *ret, size_t size)
{
	const ssize_t n = readlink("/proc/self/exe", ret, size - 1);

	ret[n > 0 ? n : 0] = '\0';
	char *slash = strrchr(ret, '/');
	if (slash)
		*slash = '\0';
}

void program_read(struct program *ret)
{
	struct buf b;

	if (gethostname(ret->host, sizeof(ret->host) - 1) < 0)
		ret->host[0] = '\0';
	ret->host[sizeof(ret->host) - 1] = '\0';
	buf_init(&b, ARGUMENTS_MAX);
	put_command(&b);
	const struct slice command = buf_slice(&b);
	slice_cstr(slice_cut(command, 0, sizeof(ret->command) - 1), ret->command,
		sizeof(ret->command));
	buf_done(&b);
}
