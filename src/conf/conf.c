/* The root of the configuration: text, tree, values and checks in turn. */
#include "conf/conf.h"

#include "base/mem.h"
#include "conf/check.h"
#include "conf/load.h"

static int load_root(struct conf *c, const struct tree *tree, struct problems *problems)
{
	const struct node *root = tree_node(tree, 0);

	if (root->kind == NODE_BROKEN)
		return 0;
	if (root->kind == NODE_SCALAR && root->n_text == 0) {
		problems_add(problems, root->at, TEXT_PLAIN(N_("the file is empty")));
		return 0;
	}
	if (root->kind != NODE_MAPPING) {
		problems_add(problems, root->at,
			TEXT_PLAIN(N_("the file must have keys at its top, like `pools:`")));
		return 0;
	}
	int err = load_section(&schema_root, c, tree, root, problems);

	return err ? err : check_conf(c, problems);
}

int conf_load(struct conf **ret, struct slice text, const char *file_name, text_look_up *look_up,
	struct buf *errors)
{
	struct problems problems = { .out = errors, .file_name = file_name, .look_up = look_up };
	struct conf *c = mem_alloc0(sizeof(*c));
	struct tree tree;

	if (!c)
		return -ENOMEM;
	int err = tree_read(&tree, text, &problems);

	if (err == 0)
		err = load_root(c, &tree, &problems);
	tree_done(&tree);
	if (err == 0 && problems.n > 0)
		err = ERR_CONFIG;
	if (err == ERR_CONFIG && buf_err(errors) == -ENOMEM)
		err = -ENOMEM;
	if (err) {
		conf_free(c);
		return err;
	}
	*ret = c;
	return 0;
}

struct conf *conf_free(struct conf *c)
{
	if (c)
		load_free(&schema_root, c);
	return mem_free(c);
}
