#include "watcher/tongues.h"

#include "app/language.h"
#include "base/mem.h"
#include "web/uri.h"

static struct buf french_file; /* of `french`, which is empty as long as this is */
static struct catalog french;

static const char *const names[TONGUES] = {
	[TONGUE_ENGLISH] = "en",
	[TONGUE_FRENCH] = "fr",
};

static const char *in_english(const char *id)
{
	return id;
}

static const char *in_french(const char *id)
{
	const char *text = id[0] ? catalog_find(&french, id) : NULL;

	return text && text[0] ? text : id;
}

void tongues_open(void)
{
	(void)language_load(names[TONGUE_FRENCH], &french_file, &french); /* else English */
}

void tongues_close(void)
{
	french = (struct catalog){ .n = 0 };
	buf_done(&french_file);
}

const char *tongue_name(enum tongue t)
{
	return names[t];
}

text_look_up *tongue_look_up(enum tongue t)
{
	static text_look_up *const all[TONGUES] = {
		[TONGUE_ENGLISH] = in_english,
		[TONGUE_FRENCH] = in_french,
	};

	return all[t];
}

static bool find(struct slice name, enum tongue *ret)
{
	for (unsigned i = 0; i < TONGUES; i++)
		if (slice_ieqs(name, names[i])) {
			*ret = (enum tongue)i;
			return true;
		}
	return false;
}

/* RFC 9110 section 12.5.4 (in letters of either case): of those that we have, the one that stands
 * first; browsers sort them. */
static enum tongue wanted(struct slice accept)
{
	enum tongue t;

	while (accept.n) {
		struct slice range = slice_trim(slice_split(&accept, ','));
		struct slice tag = slice_split(&range, ';');

		if (find(slice_split(&tag, '-'), &t))
			return t;
	}
	return TONGUE_ENGLISH;
}

enum tongue tongue_of(const struct web_request *r, bool *ret_chosen)
{
	uint8_t room[16];
	struct buf value;
	enum tongue t;

	buf_init_in(&value, room, sizeof(room));
	*ret_chosen = web_query_find(r->query, "lang", &value) == 0 && find(buf_slice(&value), &t);
	if (*ret_chosen)
		return t;
	if (find(web_cookie_find(r, "lang"), &t))
		return t;
	return wanted(web_field_find(r, "Accept-Language"));
}
