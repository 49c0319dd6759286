#include "app/config_check.h"

#include <grp.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/file_in.h"
#include "app/watch_config.h"
#include "base/mem.h"
#include "conf/advice.h"
#include "probe/blame.h"

enum {
	LINES_MAX = 4 << 20,
	FINDINGS_MAX = 1000, /* of each kind; the rest is counted */
	PEM_MAX = 16 << 20,
	/* More of them are a collection of everybody's issuers, in which some always end. */
	OWN_ISSUERS_MAX = 16,
	READERS_MAX = 4096,
};

static void find(
	struct config_check *c, enum config_severity s, const struct conf_place *at, struct text t)
{
	problems_add(&c->findings[s], *at, t);
}

/* What a gateway starts without. */
static enum config_severity of_tests(const struct config_check *c)
{
	return c->for_gateway ? CONFIG_WARNING : CONFIG_FAILURE;
}

/* ---- secrets ---- */

static void add_reader(struct config_readers *r, const char *name)
{
	const struct slice have = buf_slice(&r->names);
	const size_t n = strlen(name);

	for (size_t i = 0; i + n <= have.n; i++)
		if (memcmp(have.p + i, name, n) == 0 &&
			(i == 0 || (i > 1 && have.p[i - 2] == ',')) &&
			(i + n == have.n || have.p[i + n] == ','))
			return;
	buf_printf(&r->names, "%s%s", have.n ? ", " : "", name);
}

static const char *text_in(const struct config_check *c, const char *id)
{
	return c->look_up ? c->look_up(id) : id;
}

static void add_group(struct config_check *c, gid_t gid)
{
	const struct group *group = getgrgid(gid);
	const struct text t =
		TEXT(N_("group {1}"), group ? text_str(group->gr_name) : text_u64(gid));
	struct buf name;

	buf_init(&name, 256);
	text_put(&name, &t, c->look_up);
	add_reader(&c->secrets, buf_cstr(&name));
	buf_done(&name);
}

static void add_readers(struct config_check *c, const struct stat *st)
{
	const struct passwd *owner = getpwuid(st->st_uid);
	char number[16];

	add_reader(&c->secrets, "root");
	snprintf(number, sizeof(number), "%u", (unsigned)st->st_uid);
	add_reader(&c->secrets, owner ? owner->pw_name : number);
	if (st->st_mode & S_IRGRP)
		add_group(c, st->st_gid);
	if (st->st_mode & S_IROTH)
		add_reader(&c->secrets, text_in(c, N_("everybody")));
}

/* It is read as the command that needs it reads it, and forgotten. */
static void check_secret(
	struct config_check *c, enum config_severity severity, const struct conf_text *file)
{
	char secret[SECRET_MAX + 1];
	struct text why;
	struct stat st;

	if (!file->s)
		return;
	char *path = config_path(c->config.path, file->s);
	if (path && stat(path, &st) == 0)
		add_readers(c, &st);
	if (path && severity < CONFIG_SEVERITIES &&
		secret_read(path, c->config.conf->secrets_group.s, secret, &why))
		find(c, severity, &file->at, why);
	c->secrets.n_files++;
	mem_wipe(secret, sizeof(secret));
	free(path);
}

static void check_secrets_group(struct config_check *c, const struct conf_text *group)
{
	uint64_t number;

	if (group->s && !getgrnam(group->s) && !slice_u64(slice_str(group->s), UINT32_MAX, &number))
		find(c, CONFIG_WARNING, &group->at,
			TEXT(N_("`secrets_group`: there is no group {1}, so nobody reads a secret "
				"by "
				"it"),
				text_str(group->s)));
}

/* ---- certificates ---- */

static void judge_issuers(struct config_check *c, const struct conf_text *file, const char *path,
	const struct cert_file *f, int64_t now_s)
{
	const enum config_severity aging =
		f->n_certs > OWN_ISSUERS_MAX ? CONFIG_NOTE : CONFIG_WARNING;
	const struct text_arg name = text_str(path);

	if (f->n_ended == f->n_certs)
		find(c, of_tests(c), &file->at,
			TEXT(N_("{1}: every certificate in it has ended ({2}: {3}): get the "
				"issuers' new ones"),
				name, text_str(f->ended.name), text_date(f->ended.at)));
	else if (f->n_ended)
		find(c, aging, &file->at,
			TEXT(N_("{1}: a certificate in it has ended ({2}: {3}): take it out, and "
				"see that the new one is there"),
				name, text_str(f->ended.name), text_date(f->ended.at)));
	if (f->n_certs > f->n_ended && f->next.at - now_s < CERTIFICATE_ENDS_SOON_S)
		find(c, aging, &file->at,
			TEXT(N_("{1}: the certificate of {2} ends soon ({3}): get the issuer's new "
				"one"),
				name, text_str(f->next.name), text_date(f->next.at)));
	if (f->n_lists && f->list.at < now_s)
		find(c, CONFIG_WARNING, &file->at,
			TEXT(N_("{1}: the list of revoked certificates of {2} is out of date "
				"({3}): fetch the new one"),
				name, text_str(f->list.name), text_date(f->list.at)));
}

/* Nobody waits for what a pipe or a terminal has to say; what is not there is told as it is read.
 */
static bool is_no_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static void read_issuers(struct config_issuers *i, int64_t now_s)
{
	struct buf pem;

	i->why = (struct text){ 0 };
	buf_init(&pem, PEM_MAX + 8192);
	if (is_no_file(i->path))
		i->why = TEXT(N_("{1}: {2}"), text_str(i->path),
			text_id(N_("this is not a regular file")));
	else if (file_in_read(i->path, PEM_MAX, &pem, &i->why) == 0 &&
		 cert_file_read(buf_slice(&pem), now_s, &i->file))
		i->why = TEXT(N_("{1}: it has no certificate in PEM, or a damaged one"),
			text_str(i->path));
	buf_done(&pem);
}

static void check_issuers(struct config_check *c, const struct conf_text *file, int64_t now_s)
{
	struct config_issuers *i = &c->issuers;

	if (!file->s)
		return;
	char *path = config_path(c->config.path, file->s);
	if (!path) {
		find(c, of_tests(c), &file->at, TEXT_PLAIN(err_text(-ENOMEM)));
		return;
	}
	const bool is_read = i->path && strcmp(i->path, path) == 0;
	free(i->path);
	i->path = path;
	if (!is_read)
		read_issuers(i, now_s);
	if (i->why.id)
		find(c, of_tests(c), &file->at, i->why);
	else
		judge_issuers(c, file, path, &i->file, now_s);
}

/* ---- addresses ---- */

static bool is_addr_of(const struct ifaddrs *i, const struct addr *a)
{
	if (!i->ifa_addr)
		return false;
	if (a->family == 4 && i->ifa_addr->sa_family == AF_INET)
		return memcmp(&((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr,
			       a->ip, 4) == 0;
	return a->family == 6 && i->ifa_addr->sa_family == AF_INET6 &&
	       memcmp(&((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr, a->ip,
		       16) == 0;
}

/* The kernel takes all of 127.0.0.0/8, which its interface does not name. */
static bool is_local(const struct ifaddrs *all, const struct addr *a)
{
	if (addr_is_wildcard(a) || addr_is_loopback(a))
		return true;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (is_addr_of(i, a))
			return true;
	return false;
}

static void check_local(struct config_check *c, const struct ifaddrs *all,
	const struct conf_text *t, struct slice addr)
{
	struct addr a;

	if (!addr_decode(addr, &a))
		return;
	addr_unmap(&a);
	if (!is_local(all, &a))
		find(c, CONFIG_WARNING, &t->at,
			TEXT(N_("`{1}`: no interface of this machine has this address now"),
				text_str(t->s)));
}

/* A warning only: an address that moves between two machines is there when it is needed. */
static void check_listens(struct config_check *c, const struct conf_gateway *g)
{
	const struct conf_texts *listens = &g->sip.listen;
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all))
		return;
	for (size_t i = 0; i < listens->n; i++) {
		struct slice rest = slice_str(listens->v[i].s);

		(void)slice_split(&rest, ':');
		check_local(c, all, &listens->v[i], rest);
	}
	if (g->metrics.listen.s)
		check_local(c, all, &g->metrics.listen, slice_str(g->metrics.listen.s));
	freeifaddrs(all);
}

/* ---- the watcher ---- */

static void check_zone(struct config_check *c, const char *name, const struct conf_place *at)
{
	struct buf file;
	struct zone zone;
	struct text why;

	buf_init(&file, ZONE_FILE_MAX + 8192);
	if (watch_config_read_zone(name, &file, &zone, &why))
		find(c, of_tests(c), at, why);
	buf_done(&file);
}

static void check_windows(struct config_check *c, const struct conf_texts *windows)
{
	char name[WINDOW_ZONE_MAX + 1];
	struct window window;
	struct where where;

	for (size_t i = 0; i < windows->n; i++)
		if (window_decode(&window, slice_str(windows->v[i].s), &where) == 0 &&
			window.zone.n && slice_cstr(window.zone, name, sizeof(name)))
			check_zone(c, name, &windows->v[i].at);
}

static void check_command(struct config_check *c, const struct conf_texts *command)
{
	if (command->n && access(command->v[0].s, X_OK))
		find(c, of_tests(c), &command->v[0].at,
			TEXT(N_("{1} cannot be run: {2}"), text_str(command->v[0].s),
				text_errno(errno)));
}

static void check_alert(struct config_check *c, const struct conf_alert *a, int64_t now_s)
{
	const struct conf_text *const secrets[] = { &a->url_file, &a->password_file,
		&a->token_file };

	for (size_t i = 0; i < COUNT(secrets); i++)
		check_secret(c, of_tests(c), secrets[i]);
	check_issuers(c, &a->ca_file, now_s);
	check_command(c, &a->command);
}

static void check_watch(struct config_check *c, const struct conf_watch *w, int64_t now_s)
{
	if (!w->at.line)
		return;
	watch_config_check(c->config.conf, &c->findings[of_tests(c)]);
	if (w->time_zone.s)
		check_zone(c, w->time_zone.s, &w->time_zone.at);
	check_windows(c, &w->defaults.rules.maintenance);
	for (size_t i = 0; i < w->n_tests; i++) {
		check_windows(c, &w->tests[i].rules.maintenance);
		check_secret(c, of_tests(c), &w->tests[i].receiver.password_file);
	}
	for (size_t i = 0; i < w->n_alerts; i++)
		check_alert(c, &w->alerts[i], now_s);
	check_secret(c, of_tests(c), &w->ping.url_file);
	check_secret(c, of_tests(c), &w->ping.token_file);
	check_issuers(c, &w->ping.ca_file, now_s);
}

/* ---- all of it ---- */

static void check_pool(struct config_check *c, const struct conf_pool *p, int64_t now_s)
{
	check_issuers(c, &p->ca_file, now_s);
	watch_config_check_accept(&p->accept, &c->findings[of_tests(c)]);
	for (size_t i = 0; i < p->n_test_users; i++)
		check_secret(c, of_tests(c), &p->test_users[i].password_file);
}

static void check_partner(struct config_check *c, const struct conf_partner *p, int64_t now_s)
{
	check_issuers(c, &p->ca_file, now_s);
	watch_config_check_accept(&p->accept, &c->findings[of_tests(c)]);
	check_secret(c, of_tests(c), &p->receiver.password_file);
}

/* What its start says comes in lines of the same form. */
static int check_gateway(struct config_check *c)
{
	/* A gateway that is to start wants its section; a file for tests has none. */
	const bool is_gateway = c->config.conf->gateway.at.line || c->for_gateway;
	const size_t before = buf_len(&c->lines[CONFIG_FAILURE]);
	const int status = is_gateway ? gateway_config_fill(&c->config)
				      : gateway_config_fill_partners(&c->config);
	const struct slice said = slice_skip(buf_slice(&c->lines[CONFIG_FAILURE]), before);

	for (size_t i = 0; i < said.n; i++)
		c->findings[CONFIG_FAILURE].n += said.p[i] == '\n';
	/* The start has read it, and said what is wrong with it. */
	check_secret(c, CONFIG_SEVERITIES, &c->config.conf->gateway.xmpp.component.secret_file);
	check_listens(c, &c->config.conf->gateway);
	return status == 3 ? 3 : 0;
}

static int check_all(struct config_check *c, int64_t now_s)
{
	const struct conf *conf = c->config.conf;

	for (size_t i = 0; i < conf->n_pools; i++)
		check_pool(c, &conf->pools[i], now_s);
	for (size_t i = 0; i < conf->n_partners; i++)
		check_partner(c, &conf->partners[i], now_s);
	check_secrets_group(c, &conf->secrets_group);
	check_watch(c, &conf->watch, now_s);
	advise_conf(conf, &c->findings[CONFIG_WARNING], &c->findings[CONFIG_NOTE]);
	return check_gateway(c);
}

int config_check_run(struct config_check *c, const char *file, int64_t now_s)
{
	for (unsigned s = 0; s < CONFIG_SEVERITIES; s++)
		buf_init(&c->lines[s], LINES_MAX);
	buf_init(&c->secrets.names, READERS_MAX);
	c->config.look_up = c->look_up;
	c->config.why = &c->lines[CONFIG_FAILURE];
	const bool is_sound = gateway_config_find(&c->config, file) == 0;
	const struct slice said = buf_slice(&c->lines[CONFIG_FAILURE]);

	for (unsigned s = 0; s < CONFIG_SEVERITIES; s++)
		c->findings[s] = (struct problems){ .out = &c->lines[s],
			.file_name = c->config.path,
			.look_up = c->look_up,
			.max = FINDINGS_MAX };
	for (size_t i = 0; i < said.n; i++)
		c->findings[CONFIG_FAILURE].n += said.p[i] == '\n';
	c->found = c->config.path && access(c->config.path, R_OK) == 0;
	int status = is_sound ? check_all(c, now_s) : 0;
	for (unsigned s = 0; s < CONFIG_SEVERITIES; s++)
		if (buf_err(&c->lines[s]))
			status = 3;
	return status;
}

void config_check_done(struct config_check *c)
{
	for (unsigned s = 0; s < CONFIG_SEVERITIES; s++)
		buf_done(&c->lines[s]);
	buf_done(&c->secrets.names);
	free(c->issuers.path);
	gateway_config_done(&c->config);
}
