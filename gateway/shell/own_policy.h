/* own_policy.h - the clinic's configured numbers as the message that the store keeps. */
#ifndef SHELL_OWN_POLICY_H
#define SHELL_OWN_POLICY_H

#include "io/config.h"
#include "report.pb-c.h"

#define OWN_SETTINGS 3

struct own_policy {
	Carepace__V1__Policy policy;
	Carepace__V1__PolicySetting settings[OWN_SETTINGS];
	Carepace__V1__PolicySetting *pointers[OWN_SETTINGS];
};

/* Returns &out->policy; it borrows nothing of the configuration. */
const Carepace__V1__Policy *own_policy_of(
    const struct config_policy *config, struct own_policy *out);

#endif
