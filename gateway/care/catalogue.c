#include "care/catalogue.h"

#include <stdio.h>
#include <string.h>

const struct check_section *const catalogue[CHECK_SECTIONS] = {
    &checks_spacing,
    &checks_eligibility,
    &checks_dose,
    &checks_consumables,
    &checks_device,
    &checks_events,
    &checks_people,
    &checks_gateway,
};

const struct check_row *catalogue_next(const struct check_row *row)
{
	for (size_t i = 0; i < CHECK_SECTIONS; i++)
		for (size_t j = 0; j < catalogue[i]->count; j++)
			if (!row || catalogue[i]->rows[j].check > row->check)
				return &catalogue[i]->rows[j];
	return NULL;
}

const struct check_row *catalogue_find(enum check check)
{
	size_t section = (size_t)check / 100 - 1;

	if (section >= CHECK_SECTIONS)
		return NULL;
	for (size_t i = 0; i < catalogue[section]->count; i++)
		if (catalogue[section]->rows[i].check == check)
			return &catalogue[section]->rows[i];
	return NULL;
}

const struct check_row *catalogue_find_name(const char *name)
{
	const struct check_row *row = NULL;

	while ((row = catalogue_next(row)))
		if (strcmp(row->name, name) == 0)
			return row;
	return NULL;
}

const char *about_name(enum about about)
{
	static const char *const names[] = {"?", "session", "course", "booking", "event",
	    "cartridge", "roller", "device", "case", "lot", "certificate", "gateway"};

	return names[(size_t)about < CP_COUNT(names) ? about : 0];
}

const char *check_unit_name(enum check_unit unit)
{
	static const char *const names[] = {"", "", "days", "ms", "um", "0.1 Hz", "kHz", "mW", "uJ",
	    "us", "0.01 degC", "ohm", "permille", "percent", "", "", ""};

	return names[(size_t)unit < CP_COUNT(names) ? unit : 0];
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {"-", "INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"};

	return (size_t)severity < CP_COUNT(names) ? names[severity] : "?";
}

const char *who_names(unsigned who, char out[WHO_NAMES_BYTES])
{
	static const char *const names[] = {"OP", "CL", "MG", "BM", "HQ", "PR", "client"};
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < CP_COUNT(names); i++)
		if (who & 1U << i)
			len += (size_t)snprintf(
			    out + len, WHO_NAMES_BYTES - len, "%s%s", len ? ", " : "", names[i]);
	return out;
}
