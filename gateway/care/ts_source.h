/* ts_source.h - which clock dated something (R18): enum TsSource of report.proto. */
#ifndef CARE_TS_SOURCE_H
#define CARE_TS_SOURCE_H

enum ts_source {
	TS_DEVICE = 1,
	TS_GATEWAY, /* the device's clock was off: our estimate */
	TS_UNKNOWN  /* somewhere between its boot and its arrival: no date */
};

#endif
