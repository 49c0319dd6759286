#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The one mutable variable of the pure layers: the seam of the out-of-memory tests. */
static long fail_after = -1;

void mem_fail_after(long n)
{
	fail_after = n;
}

static int must_fail(void)
{
	return fail_after >= 0 && fail_after-- == 0;
}

void *mem_alloc0(size_t size)
{
	return must_fail() ? NULL : calloc(1, size);
}

void *mem_realloc(void *p, size_t size)
{
	return must_fail() ? NULL : realloc(p, size);
}

char *mem_strndup(const void *p, size_t n)
{
	char *copy = must_fail() ? NULL : malloc(n + 1);

	if (!copy)
		return NULL;
	if (n)
		memcpy(copy, p, n);
	copy[n] = '\0';
	return copy;
}

char *mem_strdup(const char *s)
{
	return s ? mem_strndup(s, strlen(s)) : NULL;
}

void *mem_free(void *p)
{
	free(p);
	return NULL;
}

void mem_wipe(void *p, size_t n)
{
	if (p)
		memset(p, 0, n);
	/* The compiler must believe that somebody looks. */
	__asm__ __volatile__("" : : "r"(p) : "memory");
}
