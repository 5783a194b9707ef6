#include "care/parameter.h"

#include <string.h>

#define ROW(id, ...) [PARAM_##id] = {PARAM_##id, __VA_ARGS__}

const struct parameter_row parameters[PARAMETERS] = {
#include "care/parameters.def"
};

const struct parameter_row *parameter_find(enum check check, const char *name)
{
	for (size_t i = 0; i < PARAMETERS; i++)
		if (parameters[i].check == check && strcmp(parameters[i].name, name) == 0)
			return &parameters[i];
	return NULL;
}
