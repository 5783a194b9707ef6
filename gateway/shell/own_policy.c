#include "shell/own_policy.h"

#include "care/parameter.h"

const Carepace__V1__Policy *own_policy_of(
    const struct config_policy *config, struct own_policy *out)
{
	const struct {
		enum parameter parameter;
		int value;
	} numbers[OWN_SETTINGS] = {
	    {PARAM_MIN_DAYS, config->min_days},
	    {PARAM_MAX_DAYS, config->max_days},
	    {PARAM_OVERDUE_MEDIUM_AFTER_DAYS, config->overdue_medium_after_days},
	};

	carepace__v1__policy__init(&out->policy);
	out->policy.version = 1;
	out->policy.setting = out->pointers;
	for (size_t i = 0; i < OWN_SETTINGS; i++) {
		const struct parameter_row *row = &parameters[numbers[i].parameter];
		if (numbers[i].value == row->value)
			continue;
		Carepace__V1__PolicySetting *setting = &out->settings[i];
		carepace__v1__policy_setting__init(setting);
		setting->check = (Carepace__V1__Check)row->check;
		setting->parameter = (char *)row->name;
		setting->value = numbers[i].value;
		out->pointers[out->policy.n_setting++] = setting;
	}
	return &out->policy;
}
