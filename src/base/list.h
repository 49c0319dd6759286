/* list.h - intrusive doubly linked list.  The owner of the nodes is whoever embeds them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *prev, *next; /* a head points at itself when empty */
};

#define LIST_OWNER(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))
/* Safe when the body removes `n`; `t` is scratch. */
#define LIST_EACH(n, t, head)                                                                      \
	for ((n) = (head)->next, (t) = (n)->next; (n) != (head); (n) = (t), (t) = (n)->next)

static inline void list_init(struct list *l)
{
	l->prev = l->next = l;
}
static inline bool list_empty(const struct list *l)
{
	return l->next == l;
}
static inline void list_append(struct list *head, struct list *node)
{
	node->prev = head->prev;
	node->next = head;
	head->prev->next = node;
	head->prev = node;
}
/* The node may be removed twice, or be on no list if it was list_init()ed. */
static inline void list_remove(struct list *node)
{
	node->prev->next = node->next;
	node->next->prev = node->prev;
	list_init(node);
}
/* The owner of the first node; NULL when there is none. */
#define LIST_FIRST(head, type, member) ((type *)list_first_owner((head), offsetof(type, member)))
static inline void *list_first_owner(const struct list *head, size_t offset)
{
	return list_empty(head) ? NULL : (char *)head->next - offset;
}
