/* metrics_print.h - how the values of shell/metrics.c are written. Not for others. */
#ifndef SHELL_METRICS_PRINT_H
#define SHELL_METRICS_PRINT_H

#include "shell/metrics.h"

metric_fn print_u64, print_u32, print_bool; /* one, or an array with a label */
metric_fn print_seconds;                    /* of int64_t in ms */
metric_fn print_time;                       /* of wall_ms; 0: not known, no line */
metric_fn print_histogram;
metric_fn print_build, print_outbox, print_outbox_age, print_alerts, print_alert_checks;

#endif
