/* mem.h - malloc and friends with one seam for tests. */
#pragma once

#include <stddef.h>

void *mem_alloc0(size_t size);              /* zeroed; NULL when out of memory */
void *mem_realloc(void *p, size_t size);    /* as realloc; size is never 0 */
char *mem_strdup(const char *s);            /* NULL in gives NULL */
char *mem_strndup(const void *p, size_t n); /* always ends with a NUL */
void *mem_free(void *p);                    /* NULL is fine; returns NULL */
void mem_wipe(void *p, size_t n);           /* for secrets; is not optimised away */
void mem_fail_after(long n); /* tests only: the n-th allocation from now fails; -1 = off */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
