/* parties.h - who calls whom in the model: the calls of its files. */
#ifndef MODEL_PARTIES_H
#define MODEL_PARTIES_H

#include "model.h"

void model_trace(const char *format, ...) CP_PRINTF(1, 2);
_Noreturn void model_fail(const char *format, ...) CP_PRINTF(1, 2);
#define MODEL_CHECK(cond, ...) ((cond) ? (void)0 : model_fail(__VA_ARGS__))

void model_say_seed_on_abort(void);

/* --- port.c */
void port_begin(wall_ms wall); /* the time of a seed */
void port_pass_time(mono_ms ms);
struct conn *port_connect(struct client *client); /* NULL: too many */
void port_deliver(struct conn *conn, size_t len);
void port_cut(struct conn *conn);
void port_kill(void); /* nothing is heard of any connection any more */

/* --- store.c */
void model_store_place(const char *folder);
struct ledger_config *model_store_config(void);
/* And what it remembers. NULL: it failed, and `why` says so. */
struct ledger *model_store_open(struct roster *roster, char why[256]);
size_t model_store_rows_of(const struct id *device); /* messages in the store */

/* --- desk.c, or desk_thread.c */
void desk_open(void);
void desk_close(void);
struct intake *desk_start(struct roster *roster);
void desk_stop(void); /* kill -9 */
void desk_depart(void);
void desk_apply(void);
void desk_return(void);
bool desk_is_idle(void);

/* --- client.c */
void client_connect(struct client *client);
void client_connect_calmly(struct client *client);
void client_act(struct client *client);
void client_read(struct client *client, size_t len);
void client_subscribe(struct client *client, uint8_t qos);
bool client_say(struct client *client); /* what comes next, so that it arrives */
bool client_is_quiet(const struct client *client);
const struct pub *client_pub(struct client *client, uint16_t packet_id); /* or NULL */

/* Bytes on their way arrive, all or so many that it may stop anywhere. */
void client_carry(struct client *client);
void client_disturb(struct client *client); /* its socket takes little; or it is cut */

/* --- readings.c */
#define NO_READING SIZE_MAX

/* What the device says next, or as its will; NO_READING: nothing now. */
size_t reading_next(struct model_device *device);
size_t reading_for_will(struct model_device *device);

/* In the arena. */
struct slice reading_payload(
    const struct model_device *device, size_t reading, struct arena *arena);

/* NO_READING: nobody said it. */
size_t reading_find(const struct model_device *device, const struct reading *reading);

/* --- oracle.c */
void oracle_connect_arrived(struct conn *conn);
void oracle_sent(struct conn *conn, struct slice bytes);
void oracle_ended(struct conn *conn, enum close_reason reason);
void oracle_applied(const struct batch *batch);
void oracle_remembered(const struct batch_down *kept);
void oracle_killed(void);
void oracle_down_acked(struct conn *conn, uint16_t packet_id);
void oracle_check_end(void);

#endif
