#include "io/upstream.h"

#include <MQTTAsync.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io/upstream_why.h"

/* Every callback here runs on one of Paho's threads, under Paho's own lock. So
 * it may only note, copy and post: a callback that waited for our thread while
 * our thread waits in a Paho call would never end.
 *
 * A negative `code` in a failure is Paho's own (-11: interrupted by a loss); the
 * broker's reasons come with a code of 0 or, from a CONNACK, as the code. */

#define TOPIC_ROOT "carepace/v1/site/"
#define TOPIC_MAX 96

#define KEEP_ALIVE_S 20              /* a broker that stalls is noticed after about 52 s */
#define CONNECT_TIMEOUT_S 10         /* Paho looks every 3 s */
#define ABSENT_RECEIVE_MAXIMUM 65535 /* MQTT 5 3.2.2.3.3 */
#define OUR_RECEIVE_MAXIMUM 64
#define OUR_PACKET_MAX (UPSTREAM_PAYLOAD_MAX + 1024)

struct upstream {
	MQTTAsync client;
	const struct upstream_config *config;
	struct mailbox *mailbox;
	char text[UPSTREAM_TEXT_MAX]; /* of `outcome` */
	const char *goodbye;          /* the broker's reason in its DISCONNECT, or NULL */
	atomic_uint orders;           /* posted and not done */
	atomic_size_t order_bytes;
	atomic_uint_least64_t orders_dropped;
	struct upstream_event outcome;
	struct upstream_event lost;
	struct upstream_event no_orders;
	struct upstream_event overrun;
	struct upstream_event disconnected;
	struct upstream_event tokens[UPSTREAM_TOKENS];
};

/* Paho's trace is one per process and its callback has no context: hence the
 * static. It is read between upstream_open() and the outcome, by one at a time. */
static struct {
	pthread_mutex_t lock;
	struct upstream_why why;
} diary = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void on_trace(enum MQTTASYNC_TRACE_LEVELS level, char *line)
{
	(void)level;
	pthread_mutex_lock(&diary.lock);
	upstream_why_trace(&diary.why, line);
	pthread_mutex_unlock(&diary.lock);
}

static int on_tls_error(const char *line, size_t len, void *context)
{
	(void)context;
	pthread_mutex_lock(&diary.lock);
	upstream_why_tls(&diary.why, slice_of(line, len));
	pthread_mutex_unlock(&diary.lock);
	return 1;
}

static void diary_begin(void)
{
	pthread_mutex_lock(&diary.lock);
	diary.why = (struct upstream_why){0};
	pthread_mutex_unlock(&diary.lock);
	MQTTAsync_setTraceCallback(on_trace);
	MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_PROTOCOL);
}

static void diary_end(void)
{
	MQTTAsync_setTraceLevel(MQTTASYNC_TRACE_FATAL);
}

static void diary_text(char out[UPSTREAM_TEXT_MAX], const struct upstream_failure *failure,
    const struct upstream_config *config)
{
	pthread_mutex_lock(&diary.lock);
	upstream_why_text(out, &diary.why, failure, config);
	pthread_mutex_unlock(&diary.lock);
}

/* --- events ------------------------------------------------------------- */

/* At most once until upstream.c lets the event be used again. A closed mailbox
 * means that nobody wants to know any more. */
static void post(struct upstream_event *event, enum upstream_event_kind kind, const char *text)
{
	if (event->is_posted)
		return;
	event->is_posted = true;
	event->kind = kind;
	event->text = text;
	if (!mailbox_post(event->upstream->mailbox, &event->mail))
		event->is_posted = false;
}

static const char *reason_text(enum MQTTReasonCodes reason)
{
	const char *text = MQTTReasonCode_toString(reason);

	return text ? text : "unknown reason";
}

static void on_connected(void *context, MQTTAsync_successData5 *data)
{
	struct upstream *upstream = context;
	MQTTProperties *properties = &data->properties;

	upstream->outcome.receive_maximum = ABSENT_RECEIVE_MAXIMUM;
	if (MQTTProperties_hasProperty(properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM))
		upstream->outcome.receive_maximum = (unsigned)MQTTProperties_getNumericValue(
		    properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
	post(&upstream->outcome, UPSTREAM_CONNECTED, NULL);
}

static void on_refused(void *context, MQTTAsync_failureData5 *data)
{
	struct upstream *upstream = context;
	struct upstream_failure failure = {.message = data->message};

	if (upstream->outcome.is_posted)
		return;
	if (data->code >= MQTTREASONCODE_UNSPECIFIED_ERROR)
		failure.reason = reason_text((enum MQTTReasonCodes)data->code);
	diary_text(upstream->text, &failure, upstream->config);
	post(&upstream->outcome, UPSTREAM_REFUSED, upstream->text);
}

static void on_goodbye(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
	struct upstream *upstream = context;

	(void)properties;
	upstream->goodbye = reason_text(reason);
}

static void on_lost(void *context, char *cause)
{
	struct upstream *upstream = context;

	(void)cause; /* always NULL */
	post(&upstream->lost, UPSTREAM_LOST,
	    upstream->goodbye ? upstream->goodbye : "the connection broke");
}

static void on_acked(void *context, MQTTAsync_successData5 *data)
{
	(void)data; /* Paho does not tell the PUBACK's reason code when it is a good one */
	post(context, UPSTREAM_ACKED, NULL);
}

static void on_not_acked(void *context, MQTTAsync_failureData5 *data)
{
	if (data->code < 0)
		post(context, UPSTREAM_RETURNED, NULL);
	else
		post(context, UPSTREAM_NOT_ACKED, reason_text(data->reasonCode));
}

static void on_not_subscribed(void *context, MQTTAsync_failureData5 *data)
{
	if (data->code >= 0)
		post(context, UPSTREAM_NO_ORDERS, reason_text(data->reasonCode));
}

static void on_disconnected(void *context, MQTTAsync_successData5 *data)
{
	(void)data;
	post(context, UPSTREAM_DISCONNECTED, "disconnected");
}

static void on_not_disconnected(void *context, MQTTAsync_failureData5 *data)
{
	(void)data;
	post(context, UPSTREAM_DISCONNECTED, "disconnected");
}

/* --- orders from head office ----------------------------------------------- */

/* Both counts belong to this thread on the way up, to the receiver on the way
 * down, so a bound can be passed by nobody. */
static struct upstream_event *order_new(struct upstream *upstream, const MQTTAsync_message *message)
{
	size_t len_bytes = (size_t)message->payloadlen;

	if (len_bytes > UPSTREAM_PAYLOAD_MAX ||
	    atomic_load(&upstream->orders) >= UPSTREAM_ORDERS_MAX ||
	    atomic_load(&upstream->order_bytes) + len_bytes > UPSTREAM_ORDER_BYTES_MAX)
		return NULL;
	struct upstream_event *event = calloc(1, sizeof(*event) + len_bytes);
	if (!event)
		return NULL;
	event->upstream = upstream;
	uint8_t *bytes = (uint8_t *)(event + 1);
	if (len_bytes > 0)
		memcpy(bytes, message->payload, len_bytes);
	event->payload = slice_of(bytes, len_bytes);
	atomic_fetch_add(&upstream->orders, 1);
	atomic_fetch_add(&upstream->order_bytes, len_bytes);
	return event;
}

void upstream_event_done(struct upstream_event *event)
{
	if (event->kind != UPSTREAM_ORDER)
		return;
	atomic_fetch_sub(&event->upstream->orders, 1);
	atomic_fetch_sub(&event->upstream->order_bytes, event->payload.len);
	free(event);
}

/* Always "taken": Paho has sent the PUBACK already, and what it is refused it
 * would keep in a queue without a bound. */
static int on_order(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
	struct upstream *upstream = context;
	struct upstream_event *event = order_new(upstream, message);

	(void)topic_len;
	if (event) {
		event->kind = UPSTREAM_ORDER;
		if (!mailbox_post(upstream->mailbox, &event->mail))
			upstream_event_done(event);
	} else {
		atomic_fetch_add(&upstream->orders_dropped, 1);
		post(&upstream->overrun, UPSTREAM_OVERRUN, NULL);
	}
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

/* --- calls ----------------------------------------------------------------- */

enum cp_err upstream_config_copy(struct upstream_config *out, const struct upstream_config *from)
{
	size_t count = (size_t)from->server_count;
	char **servers = calloc(count, sizeof(*servers));

	*out = (struct upstream_config){
	    .servers = servers,
	    .server_count = servers ? from->server_count : 0,
	    .site = strdup(from->site),
	    .client_id = strdup(from->client_id),
	    .ca_file = strdup(from->ca_file),
	    .certificate_file = strdup(from->certificate_file),
	    .key_file = strdup(from->key_file),
	};
	bool is_whole = servers && out->site && out->client_id && out->ca_file &&
	                out->certificate_file && out->key_file;
	for (size_t i = 0; i < count && is_whole; i++) {
		servers[i] = strdup(from->servers[i]);
		is_whole = servers[i] != NULL;
	}
	if (!is_whole)
		upstream_config_deinit(out);
	return is_whole ? CP_OK : CP_NOMEM;
}

void upstream_config_deinit(struct upstream_config *copy)
{
	for (int i = 0; i < copy->server_count; i++)
		free(copy->servers[i]);
	free((void *)copy->servers);
	free((void *)copy->site);
	free((void *)copy->client_id);
	free((void *)copy->ca_file);
	free((void *)copy->certificate_file);
	free((void *)copy->key_file);
	*copy = (struct upstream_config){0};
}

static void events_init(struct upstream *upstream)
{
	struct upstream_event *const singles[] = {&upstream->outcome, &upstream->lost,
	    &upstream->no_orders, &upstream->overrun, &upstream->disconnected};

	for (size_t i = 0; i < CP_COUNT(singles); i++)
		singles[i]->upstream = upstream;
	for (uint32_t token = 0; token < UPSTREAM_TOKENS; token++) {
		upstream->tokens[token].upstream = upstream;
		upstream->tokens[token].token = token;
	}
}

/* The events of a connection may be posted again, once each. */
static void events_rearm(struct upstream *upstream)
{
	upstream->outcome.is_posted = false;
	upstream->lost.is_posted = false;
	upstream->no_orders.is_posted = false;
	upstream->overrun.is_posted = false;
	upstream->disconnected.is_posted = false;
	upstream->goodbye = NULL;
}

/* Paho would only say -1. */
static bool are_files_readable(struct upstream *upstream)
{
	const struct upstream_config *config = upstream->config;
	const char *const paths[] = {config->ca_file, config->certificate_file, config->key_file};

	for (size_t i = 0; i < CP_COUNT(paths); i++) {
		if (access(paths[i], R_OK) == 0)
			continue;
		snprintf(upstream->text, sizeof(upstream->text), "cannot read %s: %s", paths[i],
		    strerrordesc_np(errno));
		return false;
	}
	return true;
}

static int client_create(struct upstream *upstream)
{
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer5;

	options.maxBufferedMessages = UPSTREAM_TOKENS;
	int code = MQTTAsync_createWithOptions(&upstream->client, upstream->config->servers[0],
	    upstream->config->client_id, MQTTCLIENT_PERSISTENCE_NONE, NULL, &options);
	if (code == MQTTASYNC_SUCCESS)
		code = MQTTAsync_setCallbacks(upstream->client, upstream, on_lost, on_order, NULL);
	if (code == MQTTASYNC_SUCCESS)
		code = MQTTAsync_setDisconnected(upstream->client, upstream, on_goodbye);
	return code;
}

static void add_number(MQTTProperties *properties, enum MQTTPropertyCodes code, unsigned value)
{
	MQTTProperty property = {.identifier = code};

	if (code == MQTTPROPERTY_CODE_RECEIVE_MAXIMUM)
		property.value.integer2 = (unsigned short)value;
	else
		property.value.integer4 = value;
	MQTTProperties_add(properties, &property);
}

static int client_connect(struct upstream *upstream, int server)
{
	MQTTAsync_SSLOptions tls = MQTTAsync_SSLOptions_initializer;
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer5;
	MQTTProperties properties = MQTTProperties_initializer;

	tls.trustStore = upstream->config->ca_file;
	tls.keyStore = upstream->config->certificate_file;
	tls.privateKey = upstream->config->key_file;
	tls.enableServerCertAuth = 1; /* the chain */
	tls.verify = 1;               /* the name */
	tls.disableDefaultTrustStore = 1;
	tls.ssl_error_cb = on_tls_error;
	add_number(&properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM, OUR_RECEIVE_MAXIMUM);
	add_number(&properties, MQTTPROPERTY_CODE_MAXIMUM_PACKET_SIZE, OUR_PACKET_MAX);
	options.serverURIs = &upstream->config->servers[server];
	options.serverURIcount = 1;
	options.ssl = &tls;
	options.connectProperties = &properties;
	options.keepAliveInterval = KEEP_ALIVE_S;
	options.connectTimeout = CONNECT_TIMEOUT_S;
	options.cleanstart = 1;
	options.maxInflight = ABSENT_RECEIVE_MAXIMUM; /* the window is ours */
	options.onSuccess5 = on_connected;
	options.onFailure5 = on_refused;
	options.context = upstream;
	int code = MQTTAsync_connect(upstream->client, &options);
	MQTTProperties_free(&properties);
	return code;
}

enum cp_err upstream_open(
    struct upstream **out, const struct upstream_config *config, struct mailbox *mailbox)
{
	struct upstream *upstream = calloc(1, sizeof(*upstream));

	*out = NULL;
	if (!upstream)
		return CP_NOMEM;
	upstream->config = config;
	upstream->mailbox = mailbox;
	events_init(upstream);
	int code = client_create(upstream);
	if (code != MQTTASYNC_SUCCESS) {
		upstream_close(upstream);
		upstream_free(upstream);
		return code == MQTTASYNC_FAILURE ? CP_NOMEM : CP_CONFIG;
	}
	*out = upstream;
	return CP_OK;
}

void upstream_connect(struct upstream *upstream, int server)
{
	CP_CHECK(server >= 0 && server < upstream->config->server_count);
	events_rearm(upstream);
	if (!are_files_readable(upstream)) {
		post(&upstream->outcome, UPSTREAM_REFUSED, upstream->text);
		return;
	}
	diary_begin();
	int code = client_connect(upstream, server);
	if (code != MQTTASYNC_SUCCESS) {
		snprintf(upstream->text, sizeof(upstream->text),
		    "the MQTT library does not accept the address or the settings (%d)", code);
		post(&upstream->outcome, UPSTREAM_REFUSED, upstream->text);
	}
}

static void topic_of(char out[TOPIC_MAX], const struct upstream *upstream, const char *last)
{
	int len = snprintf(out, TOPIC_MAX, TOPIC_ROOT "%s/%s", upstream->config->site, last);

	CP_CHECK(len > 0 && len < TOPIC_MAX);
}

enum cp_err upstream_subscribe(struct upstream *upstream)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	char topic[TOPIC_MAX];

	diary_end();
	topic_of(topic, upstream, "down");
	options.onFailure5 = on_not_subscribed;
	options.context = &upstream->no_orders;
	int code = MQTTAsync_subscribe(upstream->client, topic, 1, &options);
	return code == MQTTASYNC_SUCCESS ? CP_OK : CP_NET;
}

enum cp_err upstream_publish(
    struct upstream *upstream, const char *topic, struct slice payload, uint32_t token)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	char full_topic[TOPIC_MAX];

	CP_CHECK(token < UPSTREAM_TOKENS && payload.len <= UPSTREAM_PAYLOAD_MAX);
	topic_of(full_topic, upstream, topic);
	upstream->tokens[token].is_posted = false;
	options.onSuccess5 = on_acked;
	options.onFailure5 = on_not_acked;
	options.context = &upstream->tokens[token];
	int code = MQTTAsync_send(
	    upstream->client, full_topic, (int)payload.len, payload.p, 1, 0, &options);
	return code == MQTTASYNC_SUCCESS ? CP_OK : CP_NET;
}

void upstream_disconnect(struct upstream *upstream)
{
	MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer5;

	options.onSuccess5 = on_disconnected;
	options.onFailure5 = on_not_disconnected;
	options.context = &upstream->disconnected;
	if (MQTTAsync_disconnect(upstream->client, &options) != MQTTASYNC_SUCCESS)
		post(&upstream->disconnected, UPSTREAM_DISCONNECTED, "disconnected");
}

void upstream_close(struct upstream *upstream)
{
	if (upstream->client)
		MQTTAsync_destroy(&upstream->client);
	diary_end();
}

void upstream_free(struct upstream *upstream)
{
	if (upstream)
		CP_CHECK(!upstream->client && atomic_load(&upstream->orders) == 0);
	free(upstream);
}

uint64_t upstream_take_orders_dropped(struct upstream *upstream)
{
	return atomic_exchange(&upstream->orders_dropped, 0);
}
