#include "watch/zone_file.h"

#include <string.h>

enum {
	HEADER_BYTES = 44,
	INFO_BYTES = 6,
	TYPES_MAX = 256,  /* a type is named by one byte */
	NAMES_MAX = 4096, /* bytes; an index of names is one byte as well */
};

struct header {
	uint8_t version;
	uint32_t n_isut, n_isstd, n_leaps, n_times, n_types, n_chars;
};

static uint64_t big_endian(const uint8_t *p, size_t n)
{
	uint64_t v = 0;

	for (size_t i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

static int refuse(struct where *where, int err, size_t offset, const char *what)
{
	*where = (struct where){ offset, what };
	return err;
}

static bool read_header(struct slice file, size_t at, struct header *ret)
{
	const uint8_t *p = file.p + at;

	if (file.n < HEADER_BYTES || at > file.n - HEADER_BYTES || memcmp(p, "TZif", 4) != 0)
		return false;
	*ret = (struct header){ .version = p[4],
		.n_isut = (uint32_t)big_endian(p + 20, 4),
		.n_isstd = (uint32_t)big_endian(p + 24, 4),
		.n_leaps = (uint32_t)big_endian(p + 28, 4),
		.n_times = (uint32_t)big_endian(p + 32, 4),
		.n_types = (uint32_t)big_endian(p + 36, 4),
		.n_chars = (uint32_t)big_endian(p + 40, 4) };
	return true;
}

static uint64_t block_bytes(const struct header *h, size_t time_bytes)
{
	return (uint64_t)h->n_times * (time_bytes + 1) + (uint64_t)h->n_types * INFO_BYTES +
	       h->n_chars + (uint64_t)h->n_leaps * (time_bytes + 4) + h->n_isstd + h->n_isut;
}

/* Where the data are that count: in all but the oldest files behind a block for the oldest readers.
 */
static bool find_block(struct slice file, struct header *h, size_t *ret_at, size_t *ret_time_bytes)
{
	if (!read_header(file, 0, h))
		return false;
	*ret_at = HEADER_BYTES;
	*ret_time_bytes = 4;
	if (h->version >= '2') {
		const uint64_t second = HEADER_BYTES + block_bytes(h, 4);

		if (second > file.n || !read_header(file, (size_t)second, h))
			return false;
		*ret_at = (size_t)second + HEADER_BYTES;
		*ret_time_bytes = 8;
	}
	return block_bytes(h, *ret_time_bytes) <= file.n - *ret_at;
}

static int check_header(const struct header *h, struct where *where)
{
	if (h->n_leaps > 0)
		return refuse(where, ERR_UNSUPPORTED, 28, "leap seconds");
	if (h->n_times > ZONE_CHANGES_MAX)
		return refuse(where, ERR_LIMIT, 32, "the number of transitions");
	if (h->n_types == 0 || h->n_types > TYPES_MAX)
		return refuse(where, ERR_SYNTAX, 36, "the number of types");
	if (h->n_chars == 0 || h->n_chars > NAMES_MAX)
		return refuse(where, ERR_SYNTAX, 40, "the length of the names");
	return 0;
}

static struct slice take(struct slice *s, size_t n)
{
	const struct slice part = slice_cut(*s, 0, n);

	*s = slice_skip(*s, n);
	return part;
}

static int32_t info_offset(const struct zone *z, unsigned type)
{
	return (int32_t)(uint32_t)big_endian(z->infos.p + type * INFO_BYTES, 4);
}

static int check_infos(const struct zone *z, struct where *where)
{
	for (unsigned i = 0; i < z->n_types; i++) {
		const uint8_t *info = z->infos.p + i * INFO_BYTES;
		const size_t at = i * INFO_BYTES;

		if (info_offset(z, i) < ZONE_OFFSET_MIN_S || info_offset(z, i) > ZONE_OFFSET_MAX_S)
			return refuse(where, ERR_LIMIT, at, "the offset of a type");
		if (info[4] > 1)
			return refuse(where, ERR_SYNTAX, at + 4, "a type's daylight saving time");
		if (info[5] >= z->names.n ||
			slice_chr(slice_skip(z->names, info[5]), '\0') == z->names.n - info[5])
			return refuse(where, ERR_SYNTAX, at + 5, "the name of a type");
	}
	return 0;
}

static int check_times(const struct zone *z, struct where *where)
{
	for (unsigned i = 0; i < z->n_times; i++) {
		if (z->types.p[i] >= z->n_types)
			return refuse(where, ERR_SYNTAX, i, "the type of a transition");
		if (i > 0 && zone_file_time(z, i) <= zone_file_time(z, i - 1))
			return refuse(where, ERR_SYNTAX, i, "the order of transitions");
	}
	return 0;
}

static bool take_footer(struct slice rest, struct slice *ret)
{
	if (rest.n < 2 || rest.p[0] != '\n')
		return false;
	rest = slice_skip(rest, 1);
	const size_t end = slice_chr(rest, '\n');
	*ret = slice_cut(rest, 0, end);
	return end < rest.n;
}

int zone_file_open(
	struct zone *ret, struct slice file, struct slice *ret_footer, struct where *where)
{
	struct zone z = { 0 };
	struct header h;
	size_t at;

	if (file.n > ZONE_FILE_MAX)
		return refuse(where, ERR_LIMIT, ZONE_FILE_MAX, "the length");
	if (!find_block(file, &h, &at, &z.time_bytes))
		return refuse(where, ERR_SYNTAX, 0, "a TZif file");
	int err = check_header(&h, where);
	if (err)
		return err;
	struct slice rest = slice_skip(file, at);
	z.n_times = h.n_times;
	z.n_types = h.n_types;
	z.times = take(&rest, h.n_times * z.time_bytes);
	z.types = take(&rest, h.n_times);
	z.infos = take(&rest, h.n_types * INFO_BYTES);
	z.names = take(&rest, h.n_chars);
	/* Whether a type was of standard or universal time matters to compilers of rules only. */
	take(&rest, (size_t)h.n_isstd + h.n_isut);
	err = check_infos(&z, where);
	if (!err)
		err = check_times(&z, where);
	if (err)
		return err;
	*ret_footer = SLICE_NONE;
	if (z.time_bytes == 8 && !take_footer(rest, ret_footer))
		return refuse(where, ERR_SYNTAX, file.n - rest.n, "the footer");
	*ret = z;
	return 0;
}

int64_t zone_file_time(const struct zone *z, unsigned i)
{
	const uint64_t v = big_endian(z->times.p + i * z->time_bytes, z->time_bytes);

	return z->time_bytes == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
}

struct zone_change zone_file_change(const struct zone *z, int i)
{
	const unsigned type = i < 0 ? 0 : z->types.p[i];
	const uint8_t *info = z->infos.p + type * INFO_BYTES;
	const struct slice name = slice_skip(z->names, info[5]);

	return (struct zone_change){ .at = i < 0 ? INT64_MIN : zone_file_time(z, (unsigned)i),
		.offset_s = info_offset(z, type),
		.is_dst = info[4] == 1,
		.name = slice_cut(name, 0, slice_chr(name, '\0')) };
}
