#include "conf/pairs.h"

#include "conf/syntax.h"

bool conf_goes(const struct conf_watch_test *t, enum conf_direction direction)
{
	if (t->direction.value != CONF_BOTH)
		return t->direction.value == direction;
	return direction == CONF_TO || t->direction.at.line || !t->expect.s;
}

const struct conf_receiver *conf_receiver_of(
	const struct conf_watch_test *t, const struct conf_partner *partner)
{
	static const struct conf_receiver none;

	if (t->receiver.at.line)
		return &t->receiver;
	return partner ? &partner->receiver : &none;
}

const struct conf_pool *conf_find_pool(const struct conf *c, const char *fqdn)
{
	for (size_t i = 0; i < c->n_pools; i++)
		if (slice_ieqs(slice_str(fqdn), c->pools[i].fqdn.s))
			return &c->pools[i];
	return NULL;
}

static bool has_domain(const struct conf_texts *domains, struct slice domain)
{
	for (size_t i = 0; i < domains->n; i++)
		if (slice_ieqs(domain, domains->v[i].s))
			return true;
	return false;
}

bool conf_pool_has_domain(const struct conf_pool *p, struct slice domain)
{
	return has_domain(&p->domains, domain);
}

bool conf_partner_serves(const struct conf_partner *p, struct slice domain)
{
	return slice_ieqs(domain, p->domain.s) || has_domain(&p->additional_domains, domain);
}

const struct conf_partner *conf_find_partner(const struct conf *c, const char *domain)
{
	for (size_t i = 0; i < c->n_partners; i++)
		if (conf_partner_serves(&c->partners[i], slice_str(domain)))
			return &c->partners[i];
	return NULL;
}

const struct conf_test_user *conf_find_user(const struct conf_pool *pool, const char *address)
{
	const struct slice wanted = syntax_address(slice_str(address));

	for (size_t i = 0; i < pool->n_test_users; i++)
		if (slice_ieq(syntax_address(slice_str(pool->test_users[i].address.s)), wanted))
			return &pool->test_users[i];
	return NULL;
}

const struct conf_test_user *conf_pool_tester(const struct conf_pool *pool)
{
	for (size_t i = 0; i < pool->n_test_users; i++)
		if (pool->test_users[i].password_file.s)
			return &pool->test_users[i];
	return NULL;
}

const struct conf_test_user *conf_pool_reader(
	const struct conf_pool *pool, const struct conf_test_user *writer)
{
	for (size_t i = 0; i < pool->n_test_users; i++)
		if (&pool->test_users[i] != writer && pool->test_users[i].password_file.s)
			return &pool->test_users[i];
	return NULL;
}
