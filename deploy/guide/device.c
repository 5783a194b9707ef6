/* The smallest device: a session starts and ends, in C.  device URI ID CA CERTIFICATE KEY
 *
 *     protoc-c --c_out=. -I proto proto/telemetry.proto
 *     cc -o device device.c telemetry.pb-c.c -lpaho-mqtt3cs -lprotobuf-c */
#include "telemetry.pb-c.h"
#include <MQTTClient.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#define TOKEN(text)                                                                                \
	((ProtobufCBinaryData){16, (uint8_t *)(text "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0")})

static MQTTClient gateway;
static uint8_t id[16], sid[16];
static uint32_t boot;
static char up_topic[64], down_topic[64];

static void need(int is_well, const char *what)
{
	if (!is_well)
		exit(fprintf(stderr, "%s\n", what) > 0);
}

/* Until this returns the message is the device's; from then on it is on the gateway's disk. */
static void say(Carepace__V1__Up *up, Carepace__V1__Up__BodyCase body)
{
	static uint32_t seq;
	uint8_t bytes[1024];
	MQTTClient_deliveryToken token;
	struct timespec wall, mono;

	clock_gettime(CLOCK_REALTIME, &wall);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	up->source = (ProtobufCBinaryData){16, id};
	up->boot = boot, up->seq = ++seq; /* without holes: what is missing is asked for */
	up->ts_ms = wall.tv_sec * 1000LL + wall.tv_nsec / 1000000;
	up->mono_ms = mono.tv_sec * 1000ULL + mono.tv_nsec / 1000000;
	up->body_case = body;
	int len = (int)carepace__v1__up__pack(up, bytes);
	need(!MQTTClient_publish(gateway, up_topic, len, bytes, 1, 0, &token) &&
	         !MQTTClient_waitForCompletion(gateway, token, 5000),
	    "not acknowledged: keep it and send it again");
}

/* 0: no answer within 2 s; the device goes on by its own rules. */
static Carepace__V1__Decision hear_verdict(void)
{
	MQTTClient_message *said;
	char *from;
	int from_len;

	while (!MQTTClient_receive(gateway, &from, &from_len, &said, 2000) && said) {
		Carepace__V1__Down *down =
		    carepace__v1__down__unpack(NULL, (size_t)said->payloadlen, said->payload);
		if (down && down->body_case == CAREPACE__V1__DOWN__BODY_VERDICT)
			return down->verdict->decision;
	}
	return 0;
}

int main(int argc, char **argv)
{
	need(argc == 6, "device URI ID CA CERTIFICATE KEY");
	for (int i = 0; i < 16; i++)
		need(sscanf(argv[2] + 2 * i, "%2hhx", &id[i]) == 1, "an id is 32 hex digits");
	need(getrandom(sid, sizeof(sid), 0) == 16, "no random numbers");
	FILE *starts =
	    fopen("boot", "a"); /* a byte for each: the number must rise with every start */
	need(starts && fputc('+', starts) != EOF && !fflush(starts), "cannot count the starts");
	boot = (uint32_t)ftell(starts);
	snprintf(up_topic, sizeof(up_topic), "carepace/v1/device/%s/up", argv[2]);
	snprintf(down_topic, sizeof(down_topic), "carepace/v1/device/%s/down", argv[2]);

	MQTTClient_SSLOptions tls = MQTTClient_SSLOptions_initializer;
	MQTTClient_connectOptions how = MQTTClient_connectOptions_initializer;
	tls.trustStore = argv[3], tls.keyStore = argv[4], tls.privateKey = argv[5], tls.verify = 1;
	how.ssl = &tls, how.cleansession = 0; /* the gateway keeps what it has to say */
	need(!MQTTClient_create(&gateway, argv[1], argv[2], MQTTCLIENT_PERSISTENCE_NONE, NULL) &&
	         !MQTTClient_connect(gateway, &how) &&
	         !MQTTClient_subscribe(gateway, down_topic, 1),
	    "no connection");

	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	up.hello = &(Carepace__V1__Hello)CAREPACE__V1__HELLO__INIT;
	up.hello->model = 101, up.hello->kind = CAREPACE__V1__DEVICE_KIND__DEVICE_PEN;
	up.hello->context = CAREPACE__V1__CONTEXT__CONTEXT_CLINIC;
	say(&up, CAREPACE__V1__UP__BODY_HELLO);

	up.session_start = &(Carepace__V1__SessionStart)CAREPACE__V1__SESSION_START__INIT;
	up.session_start->sid = (ProtobufCBinaryData){16, sid};
	up.session_start->modality = CAREPACE__V1__MODALITY__MODALITY_PEN;
	up.session_start->has_zones = 1, up.session_start->zones = 1U << CAREPACE__V1__ZONE__CHEEK;
	up.session_start->has_client_token = 1, up.session_start->client_token = TOKEN("client-17");
	up.session_start->has_operator_token = 1,
	up.session_start->operator_token = TOKEN("person-4");
	say(&up, CAREPACE__V1__UP__BODY_SESSION_START);
	Carepace__V1__Decision verdict = hear_verdict();
	puts(protobuf_c_enum_descriptor_get_value(&carepace__v1__decision__descriptor, (int)verdict)
	         ->name);

	up.session_end = &(Carepace__V1__SessionEnd)CAREPACE__V1__SESSION_END__INIT;
	up.session_end->sid = (ProtobufCBinaryData){16, sid};
	up.session_end->reason = CAREPACE__V1__END_REASON__END_COMPLETED;
	up.session_end->has_active_ms = 1, up.session_end->active_ms = 9000;
	say(&up, CAREPACE__V1__UP__BODY_SESSION_END);
	return MQTTClient_disconnect(gateway, 1000);
}
