#include "client.h"

#include "fail.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CIPHER "ECDHE-ECDSA-AES128-GCM-SHA256"
#define BUFFER_MAX_BYTES (1U << 20)
#define RECORD_MAX_BYTES 16384
#define KEEP_ALIVE_S 1200 /* nobody may leave while ten thousand connect */
#define SUBSCRIBE_ID 1000 /* no PUBLISH's packet identifier */

/* MQTT 3.1.1 2.2.1, with the flags that are the only ones here. */
enum {
	CONNECT = 0x10,
	CONNACK = 0x20,
	PUBLISH_QOS1 = 0x32,
	PUBACK = 0x40,
	SUBSCRIBE = 0x82,
	SUBACK = 0x90,
	PINGREQ = 0xc0,
	PINGRESP = 0xd0,
};

static _Noreturn void fail_tls(const struct client *client, const char *what)
{
	char hex[ID_HEX_LEN + 1];

	fail("device %s: %s: %s", id_hex(&client->id, hex), what,
	    ERR_reason_error_string(ERR_peek_last_error()));
}

/* --- life ----------------------------------------------------------------- */

SSL_CTX *client_tls_new(const char *pki, bool has_tickets)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
	char ca[4096];

	snprintf(ca, sizeof(ca), "%s/ca.pem", pki);
	if (!tls || !SSL_CTX_load_verify_file(tls, ca))
		fail("cannot use %s", ca);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
	if (!SSL_CTX_set_cipher_list(tls, CIPHER) || !SSL_CTX_set1_groups_list(tls, "P-256"))
		fail("OpenSSL has no " CIPHER);
	/* Clients keep their sessions themselves; one read takes what is there. */
	if (!has_tickets)
		SSL_CTX_set_options(tls, SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_read_ahead(tls, 1);
	SSL_CTX_set_mode(tls, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE |
	                          SSL_MODE_RELEASE_BUFFERS);
	return tls;
}

static void load_identity(struct client *client, const char *pki)
{
	char hex[ID_HEX_LEN + 1];
	char path[4096];

	id_hex(&client->id, hex);
	snprintf(path, sizeof(path), "%s/devices/%s.pem", pki, hex);
	if (SSL_use_certificate_file(client->ssl, path, SSL_FILETYPE_PEM) != 1)
		fail_tls(client, path);
	snprintf(path, sizeof(path), "%s/devices/%s.key", pki, hex);
	if (SSL_use_PrivateKey_file(client->ssl, path, SSL_FILETYPE_PEM) != 1)
		fail_tls(client, path);
}

/* Servers limit what one address may do. */
static void bind_own(int fd, const struct id *id)
{
	uint32_t host = id->b[ID_BYTES - 1] | (uint32_t)id->b[ID_BYTES - 2] << 8;
	struct sockaddr_in from = {
	    .sin_family = AF_INET,
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 0x10000 + host),
	};

	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&from, sizeof(from)))
		fail("cannot bind to an address of 127.0.0.0/8: %m");
}

static int connect_to(uint16_t port, const struct id *from)
{
	struct sockaddr_in at = {
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0)
		bind_own(fd, from);
	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		fail("cannot connect to port %u: %m", port);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		fail("cannot unblock a socket: %m");
	return fd;
}

void client_init(
    struct client *client, const struct client_net *net, const struct id *id, const char *filter)
{
	char hex[ID_HEX_LEN + 1];

	*client = (struct client){.net = net, .id = *id, .fd = -1};
	id_hex(id, hex);
	snprintf(client->topic, sizeof(client->topic), "carepace/v1/device/%s/up", hex);
	if (filter)
		snprintf(client->filter, sizeof(client->filter), "%s", filter);
	else
		snprintf(client->filter, sizeof(client->filter), "carepace/v1/device/%s/down", hex);
	buf_init(&client->in, BUFFER_MAX_BYTES);
	buf_init(&client->out, BUFFER_MAX_BYTES);
}

void client_deinit(struct client *client)
{
	client_close(client);
	SSL_SESSION_free(client->session);
	buf_deinit(&client->in);
	buf_deinit(&client->out);
}

void client_open(struct client *client, bool is_to_resume)
{
	const struct client_net *net = client->net;

	client->state = CLIENT_HANDSHAKE;
	client->fd = connect_to(net->port, &client->id);
	client->ssl = SSL_new(net->tls);
	if (!client->ssl || !SSL_set_fd(client->ssl, client->fd))
		fail("out of memory for TLS");
	SSL_set_connect_state(client->ssl);
	load_identity(client, net->pki);
	if (is_to_resume && !SSL_set_session(client->ssl, client->session))
		fail_tls(client, "a session to resume");
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
	if (epoll_ctl(net->epoll, EPOLL_CTL_ADD, client->fd, &event))
		fail("epoll: %m");
	client_turn(client);
}

void client_close(struct client *client)
{
	if (client->fd < 0)
		return;
	/* OpenSSL gives up the session of a connection that just ends. */
	SSL_set_shutdown(client->ssl, SSL_SENT_SHUTDOWN);
	SSL_free(client->ssl);
	close(client->fd);
	client->ssl = NULL;
	client->fd = -1;
	client->is_blocked = false;
	client->from = client->in_flight = 0;
	buf_consume(&client->in, client->in.len);
	buf_consume(&client->out, client->out.len);
}

/* --- out ------------------------------------------------------------------ */

static void set_blocked(struct client *client, bool is_blocked)
{
	struct epoll_event event = {
	    .events = EPOLLIN | (is_blocked ? (uint32_t)EPOLLOUT : 0), .data.ptr = client};

	if (client->is_blocked == is_blocked)
		return;
	client->is_blocked = is_blocked;
	if (epoll_ctl(client->net->epoll, EPOLL_CTL_MOD, client->fd, &event))
		fail("epoll: %m");
}

static void flush(struct client *client)
{
	while (client->out.len > 0) {
		struct slice bytes = buf_bytes(&client->out);
		int n = SSL_write(client->ssl, bytes.p, (int)bytes.len);
		if (n <= 0) {
			if (SSL_get_error(client->ssl, n) != SSL_ERROR_WANT_WRITE)
				fail_tls(client, "write");
			set_blocked(client, true);
			return;
		}
		buf_consume(&client->out, (size_t)n);
	}
	set_blocked(client, false);
}

/* A packet that nothing waits before is a record of its own. */
static void send_packet(struct client *client, const struct buf *packet)
{
	struct slice bytes = buf_bytes(packet);

	CP_CHECK(buf_append(&client->out, bytes.p, bytes.len) == CP_OK);
	if (!client->is_blocked)
		flush(client);
}

static void put(struct buf *packet, const void *bytes, size_t len_bytes)
{
	CP_CHECK(buf_append(packet, bytes, len_bytes) == CP_OK);
}

static void put_u16(struct buf *packet, size_t value)
{
	put(packet, (uint8_t[]){(uint8_t)(value >> 8), (uint8_t)value}, 2);
}

static void put_text(struct buf *packet, const char *text)
{
	put_u16(packet, strlen(text));
	put(packet, text, strlen(text));
}

static void put_head(struct buf *packet, uint8_t type, size_t len_bytes)
{
	put(packet, &type, 1);
	do {
		uint8_t byte = (uint8_t)(len_bytes & 0x7f);
		len_bytes >>= 7;
		put(packet, &(uint8_t){len_bytes ? byte | 0x80 : byte}, 1);
	} while (len_bytes);
}

static void send_connect(struct client *client)
{
	static const uint8_t clean = 0x02;
	char hex[ID_HEX_LEN + 1];
	struct buf packet;

	buf_init(&packet, BUFFER_MAX_BYTES);
	put_head(&packet, CONNECT, 6 + 1 + 1 + 2 + 2 + ID_HEX_LEN);
	put_text(&packet, "MQTT");
	put(&packet, &(uint8_t){4}, 1);
	put(&packet, &clean, 1);
	put_u16(&packet, KEEP_ALIVE_S);
	put_text(&packet, id_hex(&client->id, hex));
	send_packet(client, &packet);
	buf_deinit(&packet);
}

static void send_subscribe(struct client *client)
{
	struct buf packet;

	buf_init(&packet, BUFFER_MAX_BYTES);
	put_head(&packet, SUBSCRIBE, 2 + 2 + strlen(client->filter) + 1);
	put_u16(&packet, SUBSCRIBE_ID);
	put_text(&packet, client->filter);
	put(&packet, &(uint8_t){1}, 1);
	send_packet(client, &packet);
	buf_deinit(&packet);
}

static void send_puback(struct client *client, const uint8_t packet_id[2])
{
	struct buf packet;

	buf_init(&packet, BUFFER_MAX_BYTES);
	put_head(&packet, PUBACK, 2);
	put(&packet, packet_id, 2);
	send_packet(client, &packet);
	buf_deinit(&packet);
}

void client_ping(struct client *client)
{
	struct buf packet;

	buf_init(&packet, BUFFER_MAX_BYTES);
	put_head(&packet, PINGREQ, 0);
	send_packet(client, &packet);
	buf_deinit(&packet);
}

/* A packet identifier is its place in the ring, from 1. */
void client_publish(struct client *client, struct slice payload, int64_t tag)
{
	struct buf packet;

	CP_CHECK(client->in_flight < CLIENT_IN_FLIGHT_MAX);
	size_t place = (client->from + client->in_flight++) % CLIENT_IN_FLIGHT_MAX;
	client->tags[place] = tag;
	buf_init(&packet, BUFFER_MAX_BYTES);
	put_head(&packet, PUBLISH_QOS1, 2 + strlen(client->topic) + 2 + payload.len);
	put_text(&packet, client->topic);
	put_u16(&packet, place + 1);
	put(&packet, payload.p, payload.len);
	send_packet(client, &packet);
	buf_deinit(&packet);
}

/* --- in ------------------------------------------------------------------- */

static void take_puback(struct client *client, struct slice body)
{
	size_t place = (size_t)(body.p[0] << 8 | body.p[1]) - 1;

	if (client->in_flight == 0 || place != client->from)
		fail("an acknowledgement out of order: identifier %zu", place + 1);
	int64_t tag = client->tags[place];
	client->from = (client->from + 1) % CLIENT_IN_FLIGHT_MAX;
	client->in_flight--;
	client->net->ops->acked(client, tag);
}

static void take_publish(struct client *client, struct slice body)
{
	if (body.len < 2)
		fail("a PUBLISH without a topic");
	size_t topic = (size_t)(body.p[0] << 8 | body.p[1]);
	if (body.len < 2 + topic + 2)
		fail("a PUBLISH that is cut");
	send_puback(client, body.p + 2 + topic);
	client->net->ops->arrived(client, slice_from(body, 2 + topic + 2));
}

static void take_packet(struct client *client, uint8_t type, struct slice body)
{
	if (type == CONNACK && client->state == CLIENT_WAIT_CONNACK && body.len == 2 &&
	    body.p[1] == 0) {
		client->state = CLIENT_WAIT_SUBACK;
		send_subscribe(client);
	} else if (type == SUBACK && client->state == CLIENT_WAIT_SUBACK && body.len == 3 &&
	           body.p[2] == 1) {
		client->state = CLIENT_READY;
		client->net->ops->ready(client);
	} else if (type == PUBACK && body.len == 2) {
		take_puback(client, body);
	} else if (type == PINGRESP && body.len == 0) {
		client->net->ops->ponged(client);
	} else if ((type & ~0x08) == PUBLISH_QOS1) {
		take_publish(client, body);
	} else {
		fail("an unexpected packet of type 0x%02x with %zu bytes", type, body.len);
	}
}

/* False: not whole yet. */
static bool take_one(struct client *client)
{
	struct slice in = buf_bytes(&client->in);
	size_t len = 0;
	size_t at = 1;

	for (unsigned shift = 0;; shift += 7) {
		if (at >= in.len)
			return false;
		len |= (size_t)(in.p[at] & 0x7f) << shift;
		if (!(in.p[at++] & 0x80))
			break;
	}
	if (in.len - at < len)
		return false;
	take_packet(client, in.p[0], slice_of(in.p + at, len));
	buf_consume(&client->in, at + len);
	return true;
}

static void read_all(struct client *client)
{
	static uint8_t record[RECORD_MAX_BYTES];
	int n;

	while ((n = SSL_read(client->ssl, record, sizeof(record))) > 0) {
		put(&client->in, record, (size_t)n);
		while (take_one(client))
			;
	}
	if (SSL_get_error(client->ssl, n) != SSL_ERROR_WANT_READ)
		fail_tls(client, "the server has closed the connection");
}

static void shake(struct client *client)
{
	int rc = SSL_do_handshake(client->ssl);

	if (rc != 1) {
		if (SSL_get_error(client->ssl, rc) != SSL_ERROR_WANT_READ)
			fail_tls(client, "handshake");
		return;
	}
	client->is_resumed = SSL_session_reused(client->ssl);
	if (!client->is_resumed) {
		SSL_SESSION_free(client->session);
		client->session = SSL_get1_session(client->ssl);
	}
	client->state = CLIENT_WAIT_CONNACK;
	send_connect(client);
}

void client_turn(struct client *client)
{
	if (client->state == CLIENT_HANDSHAKE)
		shake(client);
	if (client->state == CLIENT_HANDSHAKE)
		return;
	if (client->is_blocked)
		flush(client);
	read_all(client);
}
