/* server.h - a server of PostgreSQL of the test's own: a folder, a socket in it, no network.
 *
 * It does not run as root; the tests may.  Its disk is not synced: what is tested is not that.
 */
#pragma once

#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SERVER_PORT = 5432 }; /* the name of the socket */

struct server {
	char folder[64], programs[200];
	uid_t uid;
	gid_t gid;
	unsigned n; /* databases */
	bool is_up;
};

static struct server the_server;

__attribute__((unused)) static void server_become(const struct server *s)
{
	if (geteuid() != 0)
		return;
	if (setgid(s->gid) || setuid(s->uid))
		_exit(126);
}

/* With the server's user, quietly; what went wrong stands in its log. */
__attribute__((unused)) static int server_call(const struct server *s, const char *const *argv)
{
	int status = -1;
	const pid_t child = fork();

	if (child == 0) {
		char log[100];

		server_become(s);
		snprintf(log, sizeof(log), "%.63s/calls.log", s->folder);
		const int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
		dup2(fd, 1);
		dup2(fd, 2);
		if (chdir(s->folder) == 0)
			execv(argv[0], (char *const *)(const void *)argv);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

__attribute__((unused)) static int server_ctl(const struct server *s, const char *verb)
{
	char program[300], data[100], log[100], options[300];

	snprintf(program, sizeof(program), "%.199s/pg_ctl", s->programs);
	snprintf(data, sizeof(data), "%.63s/data", s->folder);
	snprintf(log, sizeof(log), "%.63s/server.log", s->folder);
	snprintf(options, sizeof(options),
		"-k %.63s -p %d -c listen_addresses= -c fsync=off -c max_connections=30"
		" -c shared_buffers=16MB -c timezone=UTC",
		s->folder, SERVER_PORT);
	const char *const argv[] = { program, "-s", "-w", "-m", "immediate", "-D", data, "-l", log,
		"-o", options, verb, NULL };
	const char *const stop[] = { program, "-s", "-w", "-m", "immediate", "-D", data, verb,
		NULL };
	return server_call(s, strcmp(verb, "stop") == 0 ? stop : argv);
}

__attribute__((unused)) static void server_start(void)
{
	if (!the_server.is_up && server_ctl(&the_server, "start"))
		print_error("the server did not start: see %s\n", the_server.folder);
	the_server.is_up = true;
}

__attribute__((unused)) static void server_stop(void)
{
	if (the_server.is_up)
		server_ctl(&the_server, "stop");
	the_server.is_up = false;
}

__attribute__((unused)) static bool server_find_programs(struct server *s)
{
	glob_t found = { 0 };
	const bool is_there =
		glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0 && found.gl_pathc;

	if (is_there)
		snprintf(s->programs, sizeof(s->programs), "%.*s",
			(int)(strlen(found.gl_pathv[0]) - strlen("/initdb")), found.gl_pathv[0]);
	globfree(&found);
	return is_there;
}

__attribute__((unused)) static int server_set_up(void **state)
{
	struct server *s = &the_server;
	const struct passwd *user = getpwnam("postgres");
	char program[300], data[100];

	(void)state;
	user = user ? user : getpwnam("nobody");
	strcpy(s->folder, "/tmp/stox-pg-XXXXXX");
	if (!mkdtemp(s->folder) || !user || !server_find_programs(s))
		return -1;
	s->uid = user->pw_uid;
	s->gid = user->pw_gid;
	if (geteuid() == 0 && chown(s->folder, s->uid, s->gid))
		return -1;
	snprintf(program, sizeof(program), "%.199s/initdb", s->programs);
	snprintf(data, sizeof(data), "%.63s/data", s->folder);
	const char *const argv[] = { program, "-N", "-A", "trust", "-U", "stox", "-E", "UTF8",
		"--no-locale", "-D", data, NULL };
	if (server_call(s, argv))
		return -1;
	server_start();
	return 0;
}

__attribute__((unused)) static int server_tear_down(void **state)
{
	const char *const argv[] = { "/bin/rm", "-rf", the_server.folder, NULL };

	(void)state;
	server_stop();
	server_call(&the_server, argv);
	return rmdir(the_server.folder) && access(the_server.folder, F_OK) == 0 ? -1 : 0;
}

__attribute__((unused)) static PGconn *server_connect(const char *connection)
{
	PGconn *c = PQconnectdb(connection);

	if (PQstatus(c) != CONNECTION_OK)
		print_error("%s\n", PQerrorMessage(c));
	return c;
}

/* The first column of the first row; -1: there is none. */
__attribute__((unused)) static long long server_number(const char *connection, const char *sql)
{
	PGconn *c = server_connect(connection);
	PGresult *r = PQexec(c, sql);
	const ExecStatusType status = PQresultStatus(r);

	if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
		print_error("%s: %s\n", sql, PQerrorMessage(c));
	const long long n = PQntuples(r) > 0 ? strtoll(PQgetvalue(r, 0, 0), NULL, 10) : -1;
	PQclear(r);
	PQfinish(c);
	return n;
}

/* A database of its own: what is to be connected to. */
__attribute__((unused)) static void server_make_database(char *ret, size_t size)
{
	char sql[100];

	snprintf(ret, size, "host=%s user=stox dbname=postgres", the_server.folder);
	snprintf(sql, sizeof(sql), "create database t%u", ++the_server.n);
	server_number(ret, sql);
	snprintf(ret, size, "host=%s user=stox dbname=t%u", the_server.folder, the_server.n);
}
