/* The section `watch`: what is tested on a schedule, kept and told. */
#include "conf/schema.h"

#include "conf/schema_rows.h"

static const char *const kinds[] = {
	[CONF_TEST_IM] = "im",
	[CONF_TEST_REGISTER] = "register",
	[CONF_TEST_SERVERS] = "servers",
	[CONF_TEST_INTERNAL] = "im-internal",
	[CONF_TEST_PARTNER] = "partner",
};

static const char *const directions[] = {
	[CONF_BOTH] = "both",
	[CONF_TO] = "to",
	[CONF_FROM] = "from",
};

static const char *const spreads[] = {
	[CONF_SPREAD_ONE] = "one",
	[CONF_SPREAD_EVERY] = "every",
};

static const char *const severities[] = {
	[CONF_INFO] = "info",
	[CONF_WARNING] = "warning",
	[CONF_CRITICAL] = "critical",
};

static const char *const alert_kinds[] = {
	[CONF_WEBHOOK] = "webhook",
	[CONF_ALERTMANAGER] = "alertmanager",
	[CONF_EXEC] = "exec",
	[CONF_MAIL] = "mail",
};

const char *conf_test_kind_name(unsigned kind)
{
	return kinds[kind];
}

const char *conf_severity_name(unsigned severity)
{
	return severities[severity];
}

const char *conf_alert_kind_name(unsigned kind)
{
	return alert_kinds[kind];
}

static const struct section history = {
	.size = sizeof(struct conf_history),
	.n_items = 7,
	.items = {
		{ AT(conf_history, file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("The database.  Left out, history.db in the folder that systemd "
			       "makes for the service (StateDirectory=), and outside of systemd in "
			       "~/.local/state/stox.  With `postgresql`: where what waits for the "
			       "server is kept while it is away; left out, spool.db there.") },
		{ AT(conf_history, postgresql), .type = ITEM_TEXT, .syntax = &syntax_line,
			.doc = N_("A database of PostgreSQL instead of a file, which several "
			       "watchers may share: \"host=... dbname=... user=...\" or "
			       "postgresql://USER@HOST/DBNAME, without a password.") },
		{ AT(conf_history, password_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("The file whose first line is the password for it.") },
		{ AT(conf_history, ca_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("Whose certificates its server's must be of.  With it the server's "
			       "name is verified, too.") },
		{ AT(conf_history, raw_days), .type = ITEM_NUMBER, .min = 1, .max = 3650, .preset = 35,
			.doc = N_("For how many days each run is kept.") },
		{ AT(conf_history, hour_days), .type = ITEM_NUMBER, .min = 1, .max = 36500,
			.preset = 400,
			.doc = N_("For how many days the figures of each hour are kept.  Those of a "
			       "day stay.") },
		{ AT(conf_history, size_max), .type = ITEM_NUMBER, .min = 16, .max = 1 << 24,
			.doc = N_("How many MiB the database may have; then the oldest runs go "
			       "first.  Left out, any size.  Of a file alone.") },
	},
};

/* The same in the defaults and in each test, where what is left out is the defaults'. */
#define RULE(owner, member) .name = #member, .offset = offsetof(struct owner, rules.member)
#define RULES(owner, from_defaults)                                                                \
	{ RULE(owner, interval), .type = ITEM_NUMBER, .min = 1, .max = 86400, .preset = 60,        \
		.inherits = (from_defaults),                                                       \
		.doc = N_("How many seconds lie between the starts of two runs.") },               \
		{ RULE(owner, timeout), .type = ITEM_NUMBER, .min = 1, .max = 600, .preset = 10,   \
			.inherits = (from_defaults),                                               \
			.doc = N_(                                                                 \
				"How many seconds one attempt may take, everything included.") },  \
		{ RULE(owner, retries), .type = ITEM_NUMBER, .max = 10, .preset = 1,               \
			.inherits = (from_defaults),                                               \
			.doc = N_("How often a run that fails is tried again.  One that passes "   \
				  "then is "                                                       \
				  "shown as unstable.") },                                         \
		{ RULE(owner, retry_pause), .type = ITEM_NUMBER, .max = 600, .preset = 2,          \
			.inherits = (from_defaults),                                               \
			.doc = N_("How many seconds later that is.") },                            \
		{ RULE(owner, fail), .type = ITEM_TEXT, .syntax = &syntax_n_of_m,                  \
			.preset_text = CONF_WATCH_FAIL, .inherits = (from_defaults),               \
			.doc = N_("How many of the last runs have to fail until the test has "     \
				  "failed; "                                                       \
				  "with fewer it is unstable.") },                                 \
		{ RULE(owner, recover), .type = ITEM_NUMBER, .min = 1, .max = CONF_RUNS_MAX,       \
			.preset = 2, .inherits = (from_defaults),                                  \
			.doc = N_(                                                                 \
				"How many runs in a row have to pass until it is well again.") },  \
		{ RULE(owner, calm), .type = ITEM_NUMBER, .max = 1440, .preset = 15,               \
			.inherits = (from_defaults),                                               \
			.doc = N_("For how many minutes a test has to stay well until its "        \
				  "incident is over: what fails again before is the same "         \
				  "incident once more, and from the fourth time on its ups and "   \
				  "downs are not told one by one.") },                             \
		{ RULE(owner, severity), .type = ITEM_CHOICE, CHOICES(severities),                 \
			.preset = CONF_CRITICAL, .inherits = (from_defaults),                      \
			.doc = N_("How much it matters that the test fails; a receiver of alerts " \
				  "may "                                                           \
				  "want only what matters to it.") },                              \
		{ RULE(owner, labels), .type = ITEM_TEXTS, .syntax = &syntax_label, .max = 16,     \
			.inherits = (from_defaults),                                               \
			.doc = N_("Words of your own, for receivers of alerts to choose by, "      \
				  "beside the labels kind, pool, "                                 \
				  "partner and direction that each test has.") },                  \
	{                                                                                          \
		RULE(owner, maintenance),                                                          \
			.type = ITEM_TEXTS, .syntax = &syntax_window, .max = 32,                   \
			.inherits = (from_defaults),                                               \
			.doc = N_("When nothing is expected of the test: what fails then is "      \
				  "counted "                                                       \
				  "apart, and nobody is told.  Times are local, of `time_zone` "   \
				  "or of a "                                                       \
				  "zone at the end: Sun 02:00-04:00, Mon-Fri 22:00-06:00 "         \
				  "Europe/Paris, "                                                 \
				  "daily 12:30-12:45, 2026-12-24 18:00-2026-12-25 06:00.")         \
	}

static const struct section defaults = {
	.size = sizeof(struct conf_watch_defaults),
	.n_items = 10,
	.items = { RULES(conf_watch_defaults, false) },
};

static const struct section test = {
	.size = sizeof(struct conf_watch_test),
	.n_items = 19,
	.items = {
		{ AT(conf_watch_test, kind), .type = ITEM_CHOICE, CHOICES(kinds),
			.preset = CONF_TEST_IM,
			.doc = N_("What is tested: im carries a message between a pool and a partner "
			       "and its answer back; register has a user of the pool sign in and "
			       "off; im-internal carries a message from one user of the pool to "
			       "another one, the next of its `test_users` with a password, and the "
			       "answer back; servers tries each server and address of a pool or of a "
			       "partner; partner tries those of a partner that are for the servers "
			       "of other domains, and fails by any fault of their certificates.") },
		{ AT(conf_watch_test, pool), .type = ITEM_TEXT, .syntax = &syntax_host,
			.doc = N_("A pool, by its `fqdn`.  Left out, each that has a test user with "
			       "a password.") },
		{ AT(conf_watch_test, partner), .type = ITEM_TEXT, .syntax = &syntax_domain,
			.doc = N_("A partner, by its domain.  Left out, each that has a receiver.  "
			       "With a `receiver` of its own it may be a domain that is no "
			       "partner's: to see that it is refused.") },
		{ AT(conf_watch_test, direction), .type = ITEM_CHOICE, CHOICES(directions),
			.preset = CONF_BOTH,
			.doc = N_("Who writes first, in a test of the kind im: to is the user of the "
			       "pool, from the receiver, who signs in for it with a "
			       "`password_file`; both are two tests.  Left out, both where the "
			       "receiver has a password, and to alone with `expect`.") },
		{ AT(conf_watch_test, user), .type = ITEM_TEXT, .syntax = &syntax_sip_user,
			.doc = N_("The test user of the pool who signs in.  Left out, the first one "
			       "who has a password.") },
		{ AT(conf_watch_test, receiver), .type = ITEM_SECTION, .section = &schema_receiver,
			.doc = N_("Whom the test writes to.  Left out, the partner's receiver.") },
		{ AT(conf_watch_test, enabled), .type = ITEM_FLAG, .preset = true,
			.doc = N_("Whether it runs.  One that does not is shown as such, and its "
			       "history stays.") },
		{ AT(conf_watch_test, spread), .type = ITEM_CHOICE, CHOICES(spreads),
			.preset = CONF_SPREAD_ONE,
			.doc = N_("Which of several watchers run it: one is any of them, and the "
			       "next when that one is gone; every is one at each `location`, and "
			       "the results stand side by side.") },
		{ AT(conf_watch_test, expect), .type = ITEM_TEXT, .syntax = &syntax_line,
			.doc = N_("The reason for which it is to fail, such as "
			       "sip_partner_not_allowed; see stox-explain(1).  It passes with "
			       "exactly that result, and fails when it is let through.") },
		RULES(conf_watch_test, true),
	},
};

static const struct section alert = {
	.size = sizeof(struct conf_alert),
	.n_items = 18,
	.items = {
		{ AT(conf_alert, name), .type = ITEM_TEXT, .required = true, .syntax = &syntax_word,
			.doc = N_("What it is called in the log, and by stox watch --test-alert.") },
		{ AT(conf_alert, kind), .type = ITEM_CHOICE, .required = true, CHOICES(alert_kinds),
			.doc = N_("How it is told: webhook posts JSON in the form of Alertmanager; "
			       "alertmanager posts to the API of one; exec runs a program; mail "
			       "sends one.") },
		{ AT(conf_alert, url), .type = ITEM_TEXT, .syntax = &syntax_url,
			.doc = N_("Where webhook and alertmanager post to.") },
		{ AT(conf_alert, url_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("A file with the URL, where it is a secret itself.") },
		{ AT(conf_alert, command), .type = ITEM_TEXTS, .syntax = &syntax_line, .min = 1, .max = 32,
			.doc = N_("What exec runs: the path of a program, and its arguments.") },
		{ AT(conf_alert, server), .type = ITEM_TEXT, .syntax = &syntax_mail_server,
			.doc = N_("The server that mail is handed to.") },
		{ AT(conf_alert, from), .type = ITEM_TEXT, .syntax = &syntax_mail,
			.doc = N_("The sender of the mail.") },
		{ AT(conf_alert, to), .type = ITEM_TEXTS, .syntax = &syntax_mail, .min = 1, .max = 16,
			.doc = N_("Who gets the mail.") },
		{ AT(conf_alert, user), .type = ITEM_TEXT, .syntax = &syntax_line,
			.doc = N_("The name to sign in with.") },
		{ AT(conf_alert, password_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("The file with its password.") },
		{ AT(conf_alert, token_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("A file with a bearer token, instead of a user.") },
		{ AT(conf_alert, ca_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("The certificates, in PEM, that sign that of the server.  Left "
			       "out, the trust store of the system.") },
		{ AT(conf_alert, severity), .type = ITEM_CHOICE, CHOICES(severities),
			.preset = CONF_INFO,
			.doc = N_("It is told of tests that matter at least as much.") },
		{ AT(conf_alert, labels), .type = ITEM_TEXTS, .syntax = &syntax_label, .max = 16,
			.doc = N_("It is told of tests that have all of these labels, such as partner=contoso.test.") },
		{ AT(conf_alert, plain), .type = ITEM_FLAG,
			.doc = N_("Whether mail is handed to smtp:// without TLS, which is for a "
			       "server of this machine.  No password goes that way.") },
		{ AT(conf_alert, resolved), .type = ITEM_FLAG, .preset = true,
			.doc = N_("Whether it is told when a failure is over.") },
		{ AT(conf_alert, remind), .type = ITEM_NUMBER, .min = 1, .max = 10080,
			.doc = N_("After how many minutes it is told again of what still fails.  "
			       "Left out, never; alertmanager each minute, since it forgets what "
			       "it does not hear again.") },
		{ AT(conf_alert, timeout), .type = ITEM_NUMBER, .min = 1, .max = 300, .preset = 10,
			.doc = N_("How many seconds one attempt to tell it may take.") },
	},
};

static const struct section ping = {
	.size = sizeof(struct conf_ping),
	.n_items = 6,
	.items = {
		{ AT(conf_ping, url), .type = ITEM_TEXT, .syntax = &syntax_url,
			.doc = N_("Where it posts to; with /fail behind it when the watcher cannot "
			       "do its work.") },
		{ AT(conf_ping, url_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("A file with the URL, where it is a secret itself.") },
		{ AT(conf_ping, token_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("A file with a bearer token.") },
		{ AT(conf_ping, ca_file), .type = ITEM_TEXT, .syntax = &syntax_path,
			.doc = N_("The certificates, in PEM, that sign that of the server.  Left "
			       "out, the trust store of the system.") },
		{ AT(conf_ping, interval), .type = ITEM_NUMBER, .min = 10, .max = 86400,
			.preset = 60,
			.doc = N_("How many seconds lie between two pings.") },
		{ AT(conf_ping, timeout), .type = ITEM_NUMBER, .min = 1, .max = 300, .preset = 10,
			.doc = N_("How many seconds one may take.") },
	},
};

static const struct section probe = {
	.size = sizeof(struct conf_probe),
	.n_items = 2,
	.items = {
		{ AT(conf_probe, allow), .type = ITEM_TEXTS, .syntax = &syntax_host, .max = 64,
			.doc = N_("Hosts that may be asked at any port although no test has them; a "
			       "domain stands for all names below it, too.  Left out, none.") },
		{ AT(conf_probe, timeout), .type = ITEM_NUMBER, .min = 1, .max = 120, .preset = 10,
			.doc = N_("How many seconds a probe may take; less when who asks waits for "
			       "less.") },
	},
};

const struct section schema_watch = {
	.size = sizeof(struct conf_watch),
	.n_items = 18,
	.items = {
		{ AT(conf_watch, time_zone), .type = ITEM_TEXT, .syntax = &syntax_zone,
			.preset_text = "UTC",
			.doc = N_("The time zone of days, and of maintenance that names none.") },
		{ AT(conf_watch, listen), .type = ITEM_TEXTS, .syntax = &syntax_web_listen, .max = 8,
			.doc = N_("Where the pages and figures are: over HTTP at an address of this "
			       "machine alone, 127.0.0.1 or [::1]; with https:// in front over TLS, at "
			       "any address, which needs `tls`, and `sign_in` where others reach it.  "
			       "Left out, 127.0.0.1:8080; with an empty list, nowhere.") },
		{ AT(conf_watch, url), .type = ITEM_TEXT, .syntax = &syntax_url,
			.doc = N_("Where people reach the pages, for links in alerts.  Left out, "
			       "alerts have none.") },
		{ AT(conf_watch, at_once), .type = ITEM_NUMBER, .min = 1, .max = 10000, .preset = 200,
			.doc = N_("How many tests may run at once; others wait.") },
		{ AT(conf_watch, location), .type = ITEM_TEXT, .syntax = &syntax_word,
			.doc = N_("Where this watcher stands, such as inside or paris: for tests that "
			       "run at every location, and beside what it finds.") },
		{ AT(conf_watch, lease), .type = ITEM_NUMBER, .min = 6, .max = 600, .preset = 45,
			.doc = N_("Of several watchers with one history: for how many seconds each "
			       "keeps its tests without a sign of life.  Then the others run them.") },
		{ AT(conf_watch, history), .type = ITEM_SECTION, .section = &history,
			.doc = N_("What came of the tests.") },
		{ AT(conf_watch, defaults), .type = ITEM_SECTION, .section = &defaults,
			.doc = N_("How tests run, where they do not say it themselves.") },
		{ ARRAY(conf_watch, tests), .type = ITEM_SECTIONS, .section = &test, .min = 1, .max = 4096,
			.doc = N_("The tests.  An entry that names no pool or no partner is one test "
			       "for each; where two entries have the same test, the first one "
			       "counts.  Left out, a message from each pool to each partner.") },
		{ ARRAY(conf_watch, alerts), .type = ITEM_SECTIONS, .section = &alert, .max = 64,
			.doc = N_("Who is told when a test fails, and when it is well again.") },
		{ AT(conf_watch, ping), .type = ITEM_SECTION, .section = &ping,
			.doc = N_("Who is told that the watcher itself runs, in the manner of "
			       "healthchecks.io: it raises the alarm when it hears nothing.") },
		{ AT(conf_watch, probe), .type = ITEM_SECTION, .section = &probe,
			.doc = N_("What may be asked for at /probe, in the manner of Prometheus' "
			       "blackbox_exporter, besides the tests and their servers.") },
		{ AT(conf_watch, tls), .type = ITEM_SECTION, .section = &schema_watch_tls,
			.doc = N_("How the pages show whose they are, over https://.") },
		{ AT(conf_watch, sign_in), .type = ITEM_SECTION, .section = &schema_sign_in,
			.doc = N_("How somebody says over HTTP who he is.  Left out, nobody can.") },
		{ ARRAY(conf_watch, roles), .type = ITEM_SECTIONS, .section = &schema_role, .min = 1,
			.max = 48,
			.doc = N_("Who may do what, see ROLES in stox-watch(1).  Left out, who comes "
			       "from this machine over HTTP has the roles help-desk and machine; "
			       "otherwise nobody may do anything that is not said here, but root and "
			       "the user that the watcher runs as, over the control socket.") },
		{ AT(conf_watch, site), .type = ITEM_TEXT, .syntax = &syntax_line,
			.doc = N_("What this side is called, at the head of each page and on those of "
			       "`public`.") },
		{ ARRAY(conf_watch, public), .type = ITEM_SECTIONS, .section = &schema_public, .max = 4096,
			.doc = N_("Pages for partners, at /p/TOKEN: whether messages arrive, since "
			       "when not, on whose side the cause is, 90 days.  They have no address, "
			       "host, account or reason in them, and want no sign-in.") },
		{ AT(conf_watch, control), .type = ITEM_SECTION, .section = &schema_watch_control,
			.doc = N_("The socket by which `stox ctl --watch`, `stox roles` and `stox test "
			       "--via` ask a running watcher.") },
	},
};
