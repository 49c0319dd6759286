#include "app/powershell.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/language.h"
#include "base/mem.h"

int powershell_complain(const struct powershell *p, struct text t)
{
	opt_complain(p->command, t);
	return POWERSHELL_BAD;
}

/* What is behind "-", or behind the en dash (U+2013) and its kin; NULL: a value. */
static const char *parameter_name(const char *word)
{
	static const char *const dashes[] = { "-", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95" };

	for (size_t i = 0; i < COUNT(dashes); i++) {
		const size_t n = strlen(dashes[i]);

		if (strncmp(word, dashes[i], n) == 0 && word[n])
			return word + n;
	}
	return NULL;
}

/* NULL after a sentence. */
static const struct powershell_parameter *find(
	const struct powershell *ps, const char *name, size_t n)
{
	const struct powershell_parameter *found = NULL;
	unsigned matches = 0;

	for (size_t i = 0; n > 0 && i < ps->n_parameters; i++) {
		const struct powershell_parameter *p = &ps->parameters[i];

		if (strncasecmp(name, p->alias, n) == 0 && n == strlen(p->alias))
			return p;
		if (strncasecmp(name, p->name, n) != 0)
			continue;
		if (n == strlen(p->name))
			return p;
		found = p;
		matches++;
	}
	if (matches == 1)
		return found;
	char word[64];
	snprintf(word, sizeof(word), "-%.*s", (int)n, name);
	powershell_complain(ps, TEXT(matches ? N_("{1} is the beginning of more than one parameter")
					     : N_("there is no parameter {1}"),
					text_str(word)));
	return NULL;
}

static void set(const struct powershell *ps, const struct powershell_parameter *p,
	const char *value, void *values)
{
	if (p->instead) {
		char name[48];

		snprintf(name, sizeof(name), "-%s", p->name);
		powershell_complain(ps, TEXT(N_("{1} has no meaning here: {2}"), text_str(name),
						text_id(p->instead)));
	} else
		memcpy((char *)values + p->offset, &value, sizeof(value));
}

/* How many words it takes, or 0 after a sentence. */
static int take_parameter(
	const struct powershell *ps, const char *name, const char *next, void *values)
{
	const size_t n = strcspn(name, ":");
	const struct powershell_parameter *p = find(ps, name, n);
	const char *value = name[n] == ':' ? name + n + 1 : p && p->is_switch ? "" : next;

	if (!p)
		return 0;
	/* A shell makes nothing of an unquoted $true, so that the next parameter follows. */
	if (!value || (value == next && parameter_name(next) && !p->is_switch)) {
		powershell_complain(
			ps, TEXT(N_("-{1} needs a value ($true and the like have to be quoted: "
				    "'$true')"),
				    text_str(p->name)));
		return 0;
	}
	set(ps, p, value, values);
	return value == next && !p->is_switch ? 2 : 1;
}

const char *powershell_value(const void *values, size_t offset)
{
	const char *ret;

	memcpy(&ret, (const char *)values + offset, sizeof(ret));
	return ret;
}

bool powershell_asks_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-?") == 0 || strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

int powershell_read(const struct powershell *ps, int argc, char **argv, void *values)
{
	const struct powershell_parameter *first = &ps->parameters[ps->first];

	for (int i = 1; i < argc;) {
		const char *name = parameter_name(argv[i]);

		if (name) {
			const int n =
				take_parameter(ps, name, i + 1 < argc ? argv[i + 1] : NULL, values);

			if (!n)
				return POWERSHELL_BAD;
			i += n;
		} else if (!powershell_value(values, first->offset))
			set(ps, first, argv[i++], values);
		else
			return powershell_complain(
				ps, TEXT(N_("`{1}` belongs to no parameter"), text_str(argv[i])));
	}
	return 0;
}

bool powershell_flag(const char *value, bool *ret)
{
	static const char *const on[] = { "", "$true", "true", "1" };
	static const char *const off[] = { "$false", "false", "0" };

	for (size_t i = 0; i < COUNT(on); i++)
		if (strcasecmp(value, on[i]) == 0) {
			*ret = true;
			return true;
		}
	*ret = false;
	for (size_t i = 0; i < COUNT(off); i++)
		if (strcasecmp(value, off[i]) == 0)
			return true;
	return false;
}
