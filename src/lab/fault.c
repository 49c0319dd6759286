#include "base/mem.h"
#include "lab/lab.h"

static const struct lab_fault_info faults[] = {
#define LAB_FAULT_ROW(upper, name, does, reason, phase) { name, does, reason, phase },
	LAB_FAULTS(LAB_FAULT_ROW)
#undef LAB_FAULT_ROW
};

const struct lab_fault_info *lab_fault_info(enum lab_fault f)
{
	return &faults[f];
}

bool lab_fault_find(struct slice name, enum lab_fault *ret)
{
	for (size_t i = LAB_FAULT_NONE + 1; i < COUNT(faults); i++) {
		if (!slice_eqs(name, faults[i].name))
			continue;
		*ret = (enum lab_fault)i;
		return true;
	}
	return false;
}
