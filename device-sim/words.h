/* words.h - codes of the contract as a person would say them. Pure. */
#ifndef SIM_WORDS_H
#define SIM_WORDS_H

#include "report.pb-c.h"

#define WORDS_DATE_BYTES 32
#define WORDS_REPORT_BYTES 192
#define WORDS_KIND_BYTES 32

/* "cheek"; never NULL. */
const char *words_zone(Carepace__V1__Zone zone);

/* "require override"; NULL for a number that is no decision. */
const char *words_decision(Carepace__V1__Decision decision);

/* "INTERVAL_TOO_SOON"; "UNKNOWN_CHECK" for one of a newer gateway. */
const char *words_check(Carepace__V1__Check check);

/* 20260929: "29 September 2026". A number that is no date stays a number. */
const char *words_date(uint32_t yyyymmdd, char out[WORDS_DATE_BYTES]);

/* "session_summary"; NULL for a number that is no kind of report. */
const char *words_kind(Carepace__V1__ReportKind kind, char out[WORDS_KIND_BYTES]);

/* "alert 5da3c1f0 raised: INTERVAL_TOO_SOON, HIGH, 9 days, limit 28". A key is cut: it may
 * name a person (P10). */
const char *words_report(const Carepace__V1__Report *report, char out[WORDS_REPORT_BYTES]);

#endif
