/* folder.h - a folder of a test's own, and its end. */
#pragma once

#include <ftw.h>
#include <stdio.h>

static inline int folder_remove_one(
	const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

/* With all that is in it; links are removed, not followed. */
static inline int folder_remove(const char *path)
{
	return nftw(path, folder_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
