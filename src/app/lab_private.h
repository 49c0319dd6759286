/* lab_private.h - what the files of `stox lab` share.
 *
 *   cmd_lab.c           options, and the run: which engine is up, what comes next
 *   lab_certificates.c  the authority, and the pool's certificate, good or bad
 *   lab_setup.c         the lab, the gateway, and addresses at which nothing answers
 *   lab_print.c         what there is, and how it is tested
 *   lab_files.c         configuration and secrets for `stox test`
 *   lab_test.c          --test
 *   lab_watch.c         --watch
 */
#pragma once

#include "app/lab_files.h"
#include "app/opt.h"
#include "app/runner.h"
#include "gateway/gateway.h"
#include "lab/fault.h"
#include "net/authority.h"
#include "net/deadend.h"

enum {
	LAB_PASSWORD = 16, /* 80 bits: nobody else on this machine signs in */
	LAB_PEM_MAX = 64 << 10,
};

#define LAB_URI_MAX 128

struct lab_values {
	const char *write_config, *fault, *format, *color;
	unsigned sip_port, sip_tls_port, xmpp_port, component_port, gateway_port, dns_port,
		watch_port;
	unsigned verbose, count;
	bool test, watch, list_faults, trace_bodies;
	struct opt_list traces;
	ts_t timeout;
};

struct event;

struct lab_watch {      /* a watcher, as a process of its own */
	struct addr at; /* its pages */
	int pid;        /* 0: there is none */
	int fd;         /* readable: it has ended */
	struct event *ended;
};

struct bench {
	const struct opt_command *command;
	struct lab_values v;
	const struct lab_fault *fault; /* never NULL */
	struct rng rng;
	struct pump *pump;
	struct authority *authority;
	struct buf ca;
	struct lab_user sip_users[2], xmpp_user;
	struct lab_cfg lab_cfg;
	struct lab *lab;
	struct partners *partners;
	struct gateway_cfg gateway_cfg;
	struct gateway *gateway;
	struct dead_end dead; /* where the fault has nothing answer */
	struct addr at[LAB_LISTEN_COUNT], gateway_at;
	struct lab_files files;
	struct runner runner;
	struct lab_watch watch;
	bool lab_ready, gateway_ready, told, testing;
	int status;
};

/* All of these: 0, or a negative error. */
int lab_make_certificates(struct bench *b);
int lab_start(struct bench *b); /* the lab itself; with users of its own if there are none yet */
int lab_start_gateway(struct bench *b); /* when the lab is up; ready at once if it is to be down */
int lab_write_files(struct bench *b);

int lab_find_watch_port(struct bench *b);
int lab_start_watch(struct bench *b); /* of the files; -ENOENT is told */
void lab_end_watch(struct bench *b);  /* may take seconds */

/* How a test finds the two sides: "" is by name.  `ret` is returned. */
const char *lab_registrar(const struct bench *b, char ret[LAB_URI_MAX]);
const char *lab_receiver_server(const struct bench *b, char ret[LAB_URI_MAX]);
bool lab_needs_dns(const struct bench *b);

void lab_list_faults(void);
void lab_print_table(const struct bench *b);

/* 0 when it runs; else the exit status. */
int lab_start_test(struct bench *b);
