#include "base/catalog.h"

#include <string.h>

#include "base/err.h"

/* The header of the file, words of 32 bits in the byte order of the machine that wrote it. */
enum {
	AT_MAGIC = 0,
	AT_REVISION = 4, /* major in the upper half: 0 and 1 are laid out alike */
	AT_COUNT = 8,
	AT_IDS = 12,
	AT_TEXTS = 16,
	HEADER = 20,
	ENTRY = 8, /* length without the NUL, offset */
};

static const uint8_t magic_big[] = { 0x95, 0x04, 0x12, 0xde };
static const uint8_t magic_little[] = { 0xde, 0x12, 0x04, 0x95 };

static uint32_t word(const struct catalog *c, size_t at)
{
	const uint8_t *p = c->file.p + at;

	return c->big_endian
		       ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
		       : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static bool table_fits(const struct catalog *c, uint32_t at)
{
	return at <= c->file.n && c->n <= (c->file.n - at) / ENTRY;
}

/* The i-th string of a table; NULL when it is not inside the file with its NUL. */
static const char *string(const struct catalog *c, uint32_t table, uint32_t i)
{
	const size_t n = word(c, table + (size_t)i * ENTRY);
	const size_t at = word(c, table + (size_t)i * ENTRY + 4);

	if (at >= c->file.n || n >= c->file.n - at || c->file.p[at + n] != '\0')
		return NULL;
	return (const char *)c->file.p + at;
}

/* The translation of "" is the header of the PO file. */
static bool is_utf8(const struct catalog *c)
{
	const char *header = catalog_find(c, "");

	return header && (strstr(header, "charset=UTF-8") || strstr(header, "charset=utf-8"));
}

int catalog_open(struct catalog *ret, struct slice file)
{
	struct catalog c = { .file = file };

	if (file.n < HEADER || file.n > CATALOG_MAX)
		return ERR_SYNTAX;
	c.big_endian = memcmp(file.p + AT_MAGIC, magic_big, sizeof(magic_big)) == 0;
	if (!c.big_endian && memcmp(file.p + AT_MAGIC, magic_little, sizeof(magic_little)) != 0)
		return ERR_SYNTAX;
	c.n = word(&c, AT_COUNT);
	c.ids = word(&c, AT_IDS);
	c.texts = word(&c, AT_TEXTS);
	if (word(&c, AT_REVISION) >> 16 > 1 || !table_fits(&c, c.ids) || !table_fits(&c, c.texts))
		return ERR_SYNTAX;
	if (!is_utf8(&c))
		return ERR_UNSUPPORTED;
	*ret = c;
	return 0;
}

const char *catalog_text(const struct catalog *c, uint32_t i)
{
	return string(c, c->texts, i);
}

/* The ids are sorted as strcmp() sorts. */
const char *catalog_find(const struct catalog *c, const char *id)
{
	uint32_t low = 0, high = c->n;

	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		const char *here = string(c, c->ids, middle);
		const int order = here ? strcmp(id, here) : 0;

		if (!here)
			return NULL;
		if (order == 0)
			return string(c, c->texts, middle);
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}
