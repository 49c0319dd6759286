/* pairs.h - the pools and partners of a configuration as tests take them together. */
#pragma once

#include "conf/conf.h"

/* NULL: there is none of that name. */
const struct conf_pool *conf_find_pool(const struct conf *c, const char *fqdn);
const struct conf_partner *conf_find_partner(const struct conf *c, const char *domain);
bool conf_pool_has_domain(const struct conf_pool *p, struct slice domain);
/* Is it one of the partner's domains? */
bool conf_partner_serves(const struct conf_partner *p, struct slice domain);
/* By the address as it is written, in any case and with or without its scheme. */
const struct conf_test_user *conf_find_user(const struct conf_pool *pool, const char *address);
/* Who signs in where nobody is at hand to type a password: the first one who has a file with his;
 * NULL: none. */
const struct conf_test_user *conf_pool_tester(const struct conf_pool *pool);

/* Who answers `writer` in a test within the pool: the first other one who has; NULL: none. */
const struct conf_test_user *conf_pool_reader(
	const struct conf_pool *pool, const struct conf_test_user *writer);

/* Is a message of this entry carried in that direction, TO or FROM?  What says nothing of it goes
 * both ways, but for one that is to fail: who refuses, and how, is another in each. */
bool conf_goes(const struct conf_watch_test *t, enum conf_direction direction);
/* Who receives, and can write first only with a password; `partner` may be NULL. */
const struct conf_receiver *conf_receiver_of(
	const struct conf_watch_test *t, const struct conf_partner *partner);

/* Only servers are tried: nobody signs in. */
static inline bool conf_test_is_sweep(unsigned kind)
{
	return kind == CONF_TEST_SERVERS || kind == CONF_TEST_PARTNER;
}

static inline bool conf_has_receiver(const struct conf_partner *p)
{
	return p->receiver.at.line > 0;
}
