/* Kamailio's xmpp module reads attributes until it finds an empty string, but expat ends the array
 * with NULL: the module crashes on the first tag.  Preloaded, this hands it a copy that ends with
 * an empty string, so that the unmodified package can be tested. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stddef.h>

enum { ATTRIBUTES_MAX = 126 };

typedef void start_handler(void *user, const char *name, const char **attributes);
typedef void end_handler(void *user, const char *name);
void XML_SetElementHandler(void *parser, start_handler *start, end_handler *end);

static start_handler *real_start;

static void start_copy(void *user, const char *name, const char **attributes)
{
	const char *copy[ATTRIBUTES_MAX + 3];
	size_t n = 0;

	while (attributes && attributes[n] && n < ATTRIBUTES_MAX) {
		copy[n] = attributes[n];
		n++;
	}
	copy[n] = copy[n + 1] = "";
	copy[n + 2] = NULL;
	real_start(user, name, copy);
}

void XML_SetElementHandler(void *parser, start_handler *start, end_handler *end)
{
	static void (*next)(void *, start_handler *, end_handler *);
	void *library = next ? NULL : dlopen("libexpat.so.1", RTLD_NOW | RTLD_LOCAL);

	if (library)
		*(void **)&next = dlsym(library, "XML_SetElementHandler");
	real_start = start;
	next(parser, start_copy, end);
}
