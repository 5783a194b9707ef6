/* year_books.h - what head office knows of a clinic before it opens, and what service does. */
#ifndef SIM_YEAR_BOOKS_H
#define SIM_YEAR_BOOKS_H

#include "year_clinic.h"

#define BOOKS_FIRMWARE (1u << 22 | 4u << 12 | 2u)     /* 1.4.2 */
#define BOOKS_FIRMWARE_OLD (1u << 22 | 3u << 12 | 9u) /* 1.3.9 */
#define BOOKS_FIRMWARE_MIN (1u << 22 | 4u << 12)      /* 1.4.0 */
#define BOOKS_GTIN "04012345600017"                   /* fits every device */
#define BOOKS_GTIN_FOREIGN "04012345600024"           /* fits none */
#define BOOKS_PINS 14
#define BOOKS_PINS_RF 49
#define BOOKS_RATE_DHZ 1167
#define BOOKS_FREQ_KHZ 1000
#define BOOKS_ENERGY_UJ 20000 /* x 49 pins = 9.8 W x 100 ms */
#define BOOKS_POWER_MW 9800
#define BOOKS_PULSE_US 100000
#define BOOKS_SCOPE_UM 1200  /* the third operator's */
#define BOOKS_RENEWED_MIN 30 /* of the day on which the last one renews */

enum {
	OPERATOR_FIRST,
	OPERATOR_SECOND,
	OPERATOR_NO_RF,
	OPERATOR_RUNS_OUT
};

uint32_t books_model(Carepace__V1__DeviceKind kind);
bool books_is_holiday(const struct clinic *clinic, int day);
/* Who may treat with it on that day. */
unsigned books_operator(struct clinic *clinic, Carepace__V1__DeviceKind kind, int day);

/* When devices are serviced: in time, but for those whose owner forgets it. */
void books_tell_service(struct clinic *clinic);

#endif
