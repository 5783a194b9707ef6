/* ts_source.h - which clock dated something (R18): enum TsSource of report.proto, where what
 * came in doubt is unknown. */
#ifndef CARE_TIME_TS_SOURCE_H
#define CARE_TIME_TS_SOURCE_H

#include "report.pb-c.h"

enum ts_source {
	TS_DEVICE = 1,
	TS_GATEWAY, /* the device's clock was off: our estimate */
	TS_UNKNOWN, /* somewhere between its boot and its arrival: no date */
	TS_IN_DOUBT /* it came while this box did not know the time: no date yet */
};

/* As head office is told. */
static inline Carepace__V1__TsSource ts_source_told(enum ts_source source)
{
	return source == TS_IN_DOUBT ? CAREPACE__V1__TS_SOURCE__TS_UNKNOWN
	                             : (Carepace__V1__TsSource)source;
}

#endif
