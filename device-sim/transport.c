/* Paho calls back on threads of its own, sometimes with news of a connection
 * that is long gone. So each call to Paho carries a small block that says which
 * generation it belongs to; the callback turns it into an event and gives it back.
 * The blocks lie in the transport: MQTTAsync_destroy() calls the failures of what
 * is pending on the calling thread (no lock is held there), but forgets those of a
 * connect, and after it nothing is called any more. */
#include "transport.h"

#include "clock.h"

#include <MQTTAsync.h>
#include <dirent.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define KEEP_ALIVE_S 20
#define CONNECT_TIMEOUT_S 5
#define DISCONNECT_TIMEOUT_MS 1000
#define REQUESTS_MAX 64 /* two windows and what else is asked of a connection */
#define URI_BYTES 280
#define SUBACK_FAILURE 0x80

/* What a callback must know. */
struct request {
	atomic_bool is_used; /* set by the caller, cleared by Paho's thread */
	struct transport *transport;
	struct event event; /* kind: that of success */
	enum event_kind failure;
};

struct transport {
	MQTTAsync client;
	_Atomic uint32_t generation; /* connectionLost reads it on Paho's thread */
	bool is_mqtt5;
	uint8_t qos;
	uint32_t session_s;
	struct inbox *inbox;
	size_t device;
	char uri[URI_BYTES];
	char client_id[64];
	char ca_path[PATH_MAX];
	char cert_path[PATH_MAX];
	char key_path[PATH_MAX];
	char tls_why[EVENT_WHY_BYTES]; /* written and read under Paho's own lock */
	struct request requests[REQUESTS_MAX];
};

static void post(struct transport *transport, struct event *event)
{
	event->device = transport->device;
	event->at = clock_mono();
	(void)inbox_post(transport->inbox, event); /* never refused: not a DOWN */
}

static struct request *request_new(
    struct transport *transport, enum event_kind success, enum event_kind failure)
{
	for (size_t i = 0; i < REQUESTS_MAX; i++) {
		struct request *request = &transport->requests[i];

		if (atomic_load(&request->is_used))
			continue;
		request->transport = transport;
		request->event =
		    (struct event){.kind = success, .generation = transport->generation};
		request->failure = failure;
		atomic_store(&request->is_used, true);
		return request;
	}
	return NULL;
}

static void release(struct request *request)
{
	atomic_store(&request->is_used, false);
}

static void succeed(struct request *request)
{
	post(request->transport, &request->event);
	release(request);
}

static void fail(struct request *request, int code, int reason, const char *message)
{
	struct event *event = &request->event;

	event->kind = request->failure;
	event->is_refusal = reason >= SUBACK_FAILURE;
	if (event->kind == EVENT_CONNECT_FAILED && request->transport->tls_why[0])
		message = request->transport->tls_why;
	if (reason >= SUBACK_FAILURE)
		(void)snprintf(event->why, sizeof(event->why), "%s",
		    MQTTReasonCode_toString((enum MQTTReasonCodes)reason));
	else if (message)
		(void)snprintf(event->why, sizeof(event->why), "%s", message);
	else
		(void)snprintf(event->why, sizeof(event->why), "code %d", code);
	post(request->transport, event);
	release(request);
}

/* Paho says "TCP/TLS connect failure" to everything, OpenSSL knows more:
 * "thread:error:code:library:function:reason:file:line:". */
static int on_tls_error(const char *text, size_t len, void *context)
{
	struct transport *transport = context;
	const char *at = text;

	(void)len;
	for (int field = 0; field < 5 && at; field++) {
		at = strchr(at, ':');
		at += at != NULL;
	}
	if (at && transport->tls_why[0] == '\0')
		(void)snprintf(transport->tls_why, sizeof(transport->tls_why), "TLS: %.*s",
		    (int)strcspn(at, ":\n"), at);
	return 1;
}

static void on_failure(void *context, MQTTAsync_failureData *data)
{
	fail(context, data ? data->code : 0, 0, data ? data->message : NULL);
}

static void on_failure5(void *context, MQTTAsync_failureData5 *data)
{
	fail(context, data ? data->code : 0, data ? (int)data->reasonCode : 0,
	    data ? data->message : NULL);
}

static void on_success(void *context, MQTTAsync_successData *data)
{
	struct request *request = context;

	if (request->event.kind == EVENT_SUBSCRIBED && data && data->alt.qos >= SUBACK_FAILURE)
		fail(request, 0, 0, "the subscription was refused");
	else
		succeed(request);
}

static void on_success5(void *context, MQTTAsync_successData5 *data)
{
	struct request *request = context;

	if (request->event.kind == EVENT_CONNECTED && data &&
	    MQTTProperties_hasProperty(&data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM))
		request->event.receive_max = (uint32_t)MQTTProperties_getNumericValue(
		    &data->properties, MQTTPROPERTY_CODE_RECEIVE_MAXIMUM);
	if (data && data->reasonCode >= SUBACK_FAILURE)
		fail(request, 0, (int)data->reasonCode, NULL);
	else
		succeed(request);
}

static void post_lost(struct transport *transport, const char *why)
{
	struct event event = {.kind = EVENT_LOST, .generation = transport->generation};

	(void)snprintf(event.why, sizeof(event.why), "%s", why);
	post(transport, &event);
}

static void on_lost(void *context, char *cause)
{
	post_lost(context, cause ? cause : "the connection ended");
}

/* MQTT 5: the server says why it closes. */
static void on_disconnected(void *context, MQTTProperties *properties, enum MQTTReasonCodes reason)
{
	(void)properties;
	post_lost(context, MQTTReasonCode_toString(reason));
}

/* 0 makes Paho call again later: the message is not acknowledged before. */
static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
	struct transport *transport = context;
	struct event event = {.kind = EVENT_DOWN,
	    .device = transport->device,
	    .generation = transport->generation,
	    .at = clock_mono()};

	/* 0: there is no NUL in it; what is behind one is nothing that we know. */
	size_t topic_bytes = (topic_len ? strnlen(topic, (size_t)topic_len) : strlen(topic)) + 1;

	event.len = (size_t)message->payloadlen;
	event.bytes = malloc(event.len + topic_bytes);
	if (!event.bytes)
		return 0;
	memcpy(event.bytes, message->payload, event.len);
	event.bytes[event.len + topic_bytes - 1] = '\0';
	event.topic = memcpy(event.bytes + event.len, topic, topic_bytes - 1);
	if (!inbox_post(transport->inbox, &event)) {
		free(event.bytes);
		return 0;
	}
	MQTTAsync_freeMessage(&message);
	MQTTAsync_free(topic);
	return 1;
}

void transport_library_init(void)
{
	MQTTAsync_init_options options = MQTTAsync_init_options_initializer;

	options.do_openssl_init = 1;
	MQTTAsync_global_init(&options);
}

static enum cp_err client_create(struct transport *transport)
{
	MQTTAsync_createOptions options = MQTTAsync_createOptions_initializer;

	if (transport->is_mqtt5)
		options.MQTTVersion = MQTTVERSION_5;
	options.maxBufferedMessages = 1000; /* ours is the window; this is a wall behind it */
	if (MQTTAsync_createWithOptions(&transport->client, transport->uri, transport->client_id,
	        MQTTCLIENT_PERSISTENCE_NONE, NULL, &options) != MQTTASYNC_SUCCESS) {
		transport->client = NULL;
		return CP_NOMEM;
	}
	CP_CHECK(MQTTAsync_setCallbacks(transport->client, transport, on_lost, on_message, NULL) ==
	         MQTTASYNC_SUCCESS);
	if (transport->is_mqtt5)
		CP_CHECK(MQTTAsync_setDisconnected(transport->client, transport, on_disconnected) ==
		         MQTTASYNC_SUCCESS);
	return CP_OK;
}

static bool copy_text(char *to, size_t size, const char *from)
{
	int len = snprintf(to, size, "%s", from);

	return len >= 0 && (size_t)len < size;
}

enum cp_err transport_new(const struct transport_config *config, struct transport **out)
{
	struct transport *transport = calloc(1, sizeof(*transport));
	bool has_colon = strchr(config->host, ':') != NULL; /* an IPv6 address */

	if (!transport)
		return CP_NOMEM;
	transport->is_mqtt5 = config->is_mqtt5;
	transport->qos = config->qos;
	transport->session_s = config->session_s;
	transport->inbox = config->inbox;
	transport->device = config->device;
	int len = snprintf(transport->uri, sizeof(transport->uri),
	    has_colon ? "ssl://[%s]:%u" : "ssl://%s:%u", config->host, (unsigned)config->port);
	enum cp_err err = CP_CONFIG;

	if (len > 0 && (size_t)len < sizeof(transport->uri) &&
	    copy_text(transport->client_id, sizeof(transport->client_id), config->client_id) &&
	    copy_text(transport->ca_path, sizeof(transport->ca_path), config->ca_path) &&
	    copy_text(transport->cert_path, sizeof(transport->cert_path), config->cert_path) &&
	    copy_text(transport->key_path, sizeof(transport->key_path), config->key_path))
		err = client_create(transport);
	if (err) {
		free(transport);
		return err;
	}
	*out = transport;
	return CP_OK;
}

void transport_free(struct transport *transport)
{
	if (!transport)
		return;
	if (transport->client)
		MQTTAsync_destroy(&transport->client);
	free(transport);
}

#define ENTRIES_ALONE 3 /* ".", ".." and this thread */
#define FINISH_TRIES 1000
#define FINISH_STEP_NS 1000000

/* Paho says that its threads have ended a moment before they have. What they still do then
 * is OpenSSL's, which is not made for a process that ends at the same moment. */
void transport_finish(void)
{
	const struct timespec step = {.tv_nsec = FINISH_STEP_NS};

	for (int i = 0; i < FINISH_TRIES; i++) {
		DIR *tasks = opendir("/proc/self/task");
		int count = 0;
		while (tasks && readdir(tasks))
			count++;
		if (tasks)
			closedir(tasks);
		if (count <= ENTRIES_ALONE)
			return;
		nanosleep(&step, NULL);
	}
}

uint32_t transport_generation(const struct transport *transport)
{
	return transport->generation;
}

uint8_t transport_qos(const struct transport *transport)
{
	return transport->qos;
}

/* The version 5 callbacks for version 5, the others for the rest: Paho calls
 * nothing at all when the wrong ones are set. */
static void set_connect_callbacks(
    MQTTAsync_connectOptions *options, struct request *request, bool is_mqtt5)
{
	options->context = request;
	if (is_mqtt5) {
		options->onSuccess5 = on_success5;
		options->onFailure5 = on_failure5;
	} else {
		options->onSuccess = on_success;
		options->onFailure = on_failure;
	}
}

/* The properties are copied by the connect. */
static void keep_session(
    MQTTAsync_connectOptions *options, MQTTProperties *properties, uint32_t session_s)
{
	MQTTProperty expiry = {.identifier = MQTTPROPERTY_CODE_SESSION_EXPIRY_INTERVAL};

	options->cleanstart = session_s == 0;
	if (session_s == 0)
		return;
	expiry.value.integer4 = session_s;
	CP_CHECK(MQTTProperties_add(properties, &expiry) == 0);
	options->connectProperties = properties;
}

enum cp_err transport_connect(struct transport *transport)
{
	MQTTProperties properties = MQTTProperties_initializer;
	MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
	MQTTAsync_connectOptions options5 = MQTTAsync_connectOptions_initializer5;
	MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;

	if (!transport->client && client_create(transport))
		return CP_NOMEM;
	transport->generation++;
	transport->tls_why[0] = '\0';
	struct request *request = request_new(transport, EVENT_CONNECTED, EVENT_CONNECT_FAILED);

	if (!request)
		return CP_NOMEM;
	if (transport->is_mqtt5) {
		options = options5;
		keep_session(&options, &properties, transport->session_s);
	} else
		options.MQTTVersion = MQTTVERSION_3_1_1;
	ssl.trustStore = transport->ca_path;
	ssl.keyStore = transport->cert_path;
	ssl.privateKey = transport->key_path;
	ssl.enableServerCertAuth = 1;
	ssl.verify = 1;
	ssl.disableDefaultTrustStore = 1;
	ssl.sslVersion = MQTT_SSL_VERSION_TLS_1_2;
	ssl.ssl_error_cb = on_tls_error;
	ssl.ssl_error_context = transport;
	options.ssl = &ssl;
	options.keepAliveInterval = KEEP_ALIVE_S;
	options.connectTimeout = CONNECT_TIMEOUT_S;
	set_connect_callbacks(&options, request, transport->is_mqtt5);
	int code = MQTTAsync_connect(transport->client, &options);

	MQTTProperties_free(&properties);
	if (code != MQTTASYNC_SUCCESS) {
		release(request);
		return CP_NET;
	}
	return CP_OK;
}

static void set_callbacks(
    MQTTAsync_responseOptions *options, struct request *request, bool is_mqtt5)
{
	options->context = request;
	if (is_mqtt5) {
		options->onSuccess5 = on_success5;
		options->onFailure5 = on_failure5;
	} else {
		options->onSuccess = on_success;
		options->onFailure = on_failure;
	}
}

enum cp_err transport_subscribe(struct transport *transport, const char *topic)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	struct request *request = request_new(transport, EVENT_SUBSCRIBED, EVENT_SUBSCRIBE_FAILED);

	if (!request)
		return CP_NOMEM;
	set_callbacks(&options, request, transport->is_mqtt5);
	if (MQTTAsync_subscribe(transport->client, topic, 1, &options) != MQTTASYNC_SUCCESS) {
		release(request);
		return CP_NET;
	}
	return CP_OK;
}

enum cp_err transport_publish(struct transport *transport, const char *topic, struct slice payload,
    uint32_t boot, uint32_t seq)
{
	MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
	struct request *request = request_new(transport, EVENT_ACKED, EVENT_SEND_FAILED);

	if (!request)
		return CP_NOMEM;
	request->event.boot = boot;
	request->event.seq = seq;
	set_callbacks(&options, request, transport->is_mqtt5);
	if (MQTTAsync_send(transport->client, topic, (int)payload.len, payload.p, transport->qos, 0,
	        &options) != MQTTASYNC_SUCCESS) {
		release(request);
		return CP_NET;
	}
	return CP_OK;
}

enum cp_err transport_disconnect(struct transport *transport)
{
	MQTTAsync_disconnectOptions options = MQTTAsync_disconnectOptions_initializer;
	MQTTAsync_disconnectOptions options5 = MQTTAsync_disconnectOptions_initializer5;
	struct request *request = request_new(transport, EVENT_DISCONNECTED, EVENT_DISCONNECTED);

	if (!request)
		return CP_NOMEM;
	if (transport->is_mqtt5) {
		options = options5;
		options.onSuccess5 = on_success5;
		options.onFailure5 = on_failure5;
	} else {
		options.onSuccess = on_success;
		options.onFailure = on_failure;
	}
	options.timeout = DISCONNECT_TIMEOUT_MS;
	options.context = request;
	if (MQTTAsync_disconnect(transport->client, &options) != MQTTASYNC_SUCCESS) {
		release(request);
		return CP_NET;
	}
	return CP_OK;
}

/* Paho has no other way to leave without a word. The next connect makes a new
 * client. */
void transport_cut(struct transport *transport)
{
	MQTTAsync_destroy(&transport->client);
	transport->client = NULL;
	for (size_t i = 0; i < REQUESTS_MAX; i++)
		release(&transport->requests[i]);
}
