#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct item {
	int number;
	struct list node;
};

static struct item *owner(struct list *node)
{
	return LIST_OWNER(node, struct item, node);
}

static void nodes_keep_their_order(void **state)
{
	struct item items[4];
	struct list head, *n, *t;
	int want = 0;

	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	assert_null(LIST_FIRST(&head, struct item, node));
	for (int i = 0; i < 4; i++) {
		items[i].number = i;
		list_append(&head, &items[i].node);
	}
	assert_false(list_empty(&head));
	assert_ptr_equal(LIST_FIRST(&head, struct item, node), &items[0]);
	LIST_EACH(n, t, &head)
	assert_int_equal(owner(n)->number, want++);
	assert_int_equal(want, 4);
}

static void a_walk_may_remove_where_it_stands(void **state)
{
	struct item items[5];
	struct list head, *n, *t;
	int seen = 0;

	(void)state;
	list_init(&head);
	for (int i = 0; i < 5; i++) {
		items[i].number = i;
		list_append(&head, &items[i].node);
	}
	LIST_EACH(n, t, &head)
	{
		seen++;
		if (owner(n)->number % 2 == 0)
			list_remove(n);
	}
	assert_int_equal(seen, 5);
	assert_ptr_equal(LIST_FIRST(&head, struct item, node), &items[1]);
	list_remove(&items[1].node);
	list_remove(&items[3].node);
	assert_true(list_empty(&head));
}

static void a_node_may_be_removed_twice_or_be_on_no_list(void **state)
{
	struct item a, b;
	struct list head;

	(void)state;
	list_init(&head);
	list_init(&a.node);
	list_remove(&a.node);
	list_append(&head, &a.node);
	list_append(&head, &b.node);
	list_remove(&a.node);
	list_remove(&a.node);
	assert_ptr_equal(LIST_FIRST(&head, struct item, node), &b);
	list_remove(&b.node);
	assert_true(list_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_keep_their_order),
		cmocka_unit_test(a_walk_may_remove_where_it_stands),
		cmocka_unit_test(a_node_may_be_removed_twice_or_be_on_no_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
