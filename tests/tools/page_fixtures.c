/* page_fixtures DIR [FR.mo] - writes every page of the fixtures and the assets below DIR, to be
 * looked at in a browser: DIR is the root of a web server, and DIR/policy its
 * Content-Security-Policy. */
#include <errno.h>
#include <sys/stat.h>

#include "page/asset.h"
#include "page/asset_private.h"

#include "../unit/page/fixture_pages.h"

static void write_file(const char *dir, const char *name, struct slice bytes)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "wb");
	if (!f || fwrite(bytes.p, 1, bytes.n, f) != bytes.n || fclose(f) != 0) {
		fprintf(stderr, "page_fixtures: %s: %s\n", path, strerror(errno));
		exit(1);
	}
}

static void write_pages(const char *dir, const char *stem, enum mood mood, unsigned n_pools,
	unsigned n_partners, text_look_up *look_up)
{
	struct fixture *f = fixture_new(mood, n_pools, n_partners, look_up);

	for (size_t i = 0; i < COUNT(fixture_pages); i++) {
		char name[128];
		struct buf b;

		buf_init(&b, PAGE_BYTES_MAX);
		if (fixture_pages[i].put(&b, f) == 0) {
			snprintf(name, sizeof(name), "%s%s.html", stem, fixture_pages[i].name);
			write_file(dir, name, buf_slice(&b));
		}
		buf_done(&b);
	}
	free(f);
}

int main(int argc, char **argv)
{
	text_look_up *french = argc > 2 ? fixture_open_french(argv[2]) : NULL;
	char assets[4096];

	if (argc < 2) {
		fprintf(stderr, "usage: page_fixtures DIR [FR.mo]\n");
		return 2;
	}
	snprintf(assets, sizeof(assets), "%s/assets", argv[1]);
	mkdir(argv[1], 0777);
	mkdir(assets, 0777);
	for (size_t i = 0; i < n_page_assets; i++)
		write_file(argv[1], page_assets[i].path, page_assets[i].bytes);
	write_file(argv[1], "policy", SLICE(PAGE_CSP));
	write_pages(argv[1], "", MOOD_MIXED, 4, 7, NULL);
	write_pages(argv[1], "none-", MOOD_CALM, 0, 0, NULL);
	write_pages(argv[1], "one-", MOOD_CALM, 1, 1, NULL);
	write_pages(argv[1], "calm-", MOOD_CALM, 4, 7, NULL);
	write_pages(argv[1], "failed-", MOOD_FAILED, 4, 7, NULL);
	write_pages(argv[1], "unknown-", MOOD_UNKNOWN, 4, 7, NULL);
	write_pages(argv[1], "long-", MOOD_LONG, 4, 7, NULL);
	write_pages(argv[1], "hostile-", MOOD_HOSTILE, 2, 3, NULL);
	write_pages(argv[1], "1000-", MOOD_MIXED, 10, 50, NULL);
	write_pages(argv[1], "1000-failed-", MOOD_FAILED, 10, 50, NULL);
	if (french)
		write_pages(argv[1], "fr-", MOOD_MIXED, 4, 7, french);
	return 0;
}
