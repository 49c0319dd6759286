#include "app/lab_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/language.h"
#include "base/mem.h"

static const char *const names[] = { "stox.yaml", "ca.pem", "pilar", "kenmyer", "adelany",
	"component" };
enum { FIRST_SECRET = 2 }; /* of these */
/* What a watcher of the lab adds. */
static const char *const later[] = { "history.db", "history.db-wal", "history.db-shm",
	"history.db.lock", "watch.log" };

static int complain(const char *path)
{
	int err = errno;

	fputs("stox lab: ", stderr);
	say(stderr, TEXT(N_("{1}: {2}"), text_str(path), text_errno(err)));
	return -err;
}

static int write_file(const struct lab_files *f, const char *name, struct slice text, mode_t mode)
{
	char path[1024];

	snprintf(path, sizeof(path), "%s/%s", f->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return complain(path);
	ssize_t n = write(fd, text.p, text.n);
	int err = n == (ssize_t)text.n && fchmod(fd, mode) == 0 ? 0 : complain(path);
	close(fd);
	return err;
}

static int make_dir(struct lab_files *f, const char *dir)
{
	const char *tmp = getenv("TMPDIR");

	if (dir) {
		snprintf(f->dir, sizeof(f->dir), "%s", dir);
		return mkdir(dir, 0700) < 0 && errno != EEXIST ? complain(dir) : 0;
	}
	snprintf(f->dir, sizeof(f->dir), "%s/stox-lab-XXXXXX", tmp && tmp[0] ? tmp : "/tmp");
	return mkdtemp(f->dir) ? 0 : complain(f->dir);
}

static void put_pool(struct buf *b, const struct lab_files_cfg *c)
{
	buf_printf(b, "pools:\n  - fqdn: %s\n    domains: [%s]\n", LAB_POOL_FQDN, LAB_POOL_DOMAIN);
	if (c->registrar[0])
		buf_printf(b, "    registrar: %s\n", c->registrar);
	buf_puts(b, "    ca_file: ca.pem\n    test_users:\n");
	for (unsigned i = 0; i < c->lab->n_sip_users; i++) {
		struct slice address = slice_str(c->lab->sip_users[i].address);

		buf_printf(b, "      - address: %.*s\n        password_file: %.*s\n",
			SLICE_FMT(address), (int)slice_chr(address, '@'), (const char *)address.p);
	}
}

static void put_partner(struct buf *b, const struct lab_files_cfg *c)
{
	buf_printf(b, "partners:\n  - domain: %s\n    type: federated\n    ca_file: ca.pem\n",
		LAB_PARTNER_DOMAIN);
	buf_printf(b, "    receiver:\n      address: %s\n", c->lab->xmpp_users[0].address);
	if (c->server[0])
		buf_printf(b, "      server: %s\n", c->server);
	buf_puts(b, "      password_file: adelany\n");
}

static void put_gateway(struct buf *b, const struct lab_files_cfg *c)
{
	char text[ADDR_TEXT_MAX];

	buf_printf(b, "gateway:\n  sip:\n    listen: [udp:%s]\n", addr_text(c->gateway, text));
	buf_printf(b, "    next_hop: sip:%s;transport=udp\n    trusted_peers: [127.0.0.1]\n",
		addr_text(c->next_hop, text));
	buf_printf(b,
		"  xmpp:\n    component: { name: %s, server: \"%s\", secret_file: component }\n",
		c->lab->component_name, addr_text(c->component, text));
}

/* Soon to see something: a fault is shown within some seconds. */
static void put_watch(struct buf *b, const struct lab_files_cfg *c)
{
	char text[ADDR_TEXT_MAX];

	if (!c->watch)
		return;
	buf_printf(b, "watch:\n  listen: [\"%s\"]\n  history: { file: history.db }\n",
		addr_text(c->watch, text));
	buf_puts(b, "  defaults: { interval: 5, timeout: 4, retries: 0, recover: 1 }\n");
	buf_printf(b,
		"  tests:\n    - { kind: im }\n    - { kind: register }\n"
		"    - { kind: servers, pool: %s }\n    - { kind: servers, partner: %s }\n",
		LAB_POOL_FQDN, LAB_PARTNER_DOMAIN);
}

static void put_yaml(struct buf *b, const struct lab_files_cfg *c)
{
	buf_puts(b, "# A lab's configuration: it is of use only while that lab runs.\n");
	if (c->dns[0])
		buf_printf(
			b, "# Only its DNS server knows the names: stox test --dns %s\n", c->dns);
	put_pool(b, c);
	put_partner(b, c);
	put_gateway(b, c);
	put_watch(b, c);
}

int lab_files_write(struct lab_files *f, const struct lab_files_cfg *cfg)
{
	struct buf yaml;
	int err = make_dir(f, cfg->dir);

	if (err)
		return err;
	buf_init(&yaml, 1 << 16);
	put_yaml(&yaml, cfg);
	const struct slice contents[] = { buf_slice(&yaml), cfg->ca,
		slice_str(cfg->lab->sip_users[0].password),
		slice_str(cfg->lab->sip_users[1].password),
		slice_str(cfg->lab->xmpp_users[0].password),
		slice_str(cfg->lab->component_secret) };
	const size_t loose = cfg->loose_secret ? FIRST_SECRET : COUNT(names);
	for (size_t i = 0; !err && i < COUNT(names); i++)
		err = write_file(f, names[i], contents[i], i == loose ? 0644 : 0600);
	buf_done(&yaml);
	return err;
}

static void remove_all(const struct lab_files *f, const char *const *list, size_t n)
{
	char path[1024];

	for (size_t i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", f->dir, list[i]);
		unlink(path);
	}
}

void lab_files_done(struct lab_files *f, bool keep)
{

	if (!f->dir[0] || keep)
		return;
	remove_all(f, names, COUNT(names));
	remove_all(f, later, COUNT(later));
	rmdir(f->dir);
}
