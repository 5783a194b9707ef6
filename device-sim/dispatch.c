#include "dispatch.h"

#include "message.h"
#include "pki/file.h"
#include "wire/unpack.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void dispatch_init(struct dispatch *dispatch, const char *dir)
{
	*dispatch = (struct dispatch){.dir = dir, .next = 1};
}

static Carepace__V1__Order *refuse(struct dispatch *dispatch, const char *path, const char *why)
{
	fprintf(stderr, "device-sim: %s: %s; no more orders are sent\n", path, why);
	dispatch->is_broken = true;
	return NULL;
}

static Carepace__V1__Order *read_order(
    struct dispatch *dispatch, const char *path, struct arena *arena)
{
	ProtobufCMessage *message = NULL;
	struct pki_error error;
	struct wire_scan scan;
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX_BYTES);
	bool is_read = file_read(path, MESSAGE_MAX_BYTES, &bytes, &error) == CP_OK;
	enum wire_result result = is_read ? wire_unpack(arena, &carepace__v1__order__descriptor,
	                                        buf_bytes(&bytes), &message, &scan)
	                                  : WIRE_BAD;

	buf_deinit(&bytes);
	if (!is_read)
		return refuse(dispatch, path, error.text);
	if (result != WIRE_OK)
		return refuse(dispatch, path, "is no order");
	return (Carepace__V1__Order *)message;
}

Carepace__V1__Order *dispatch_next(struct dispatch *dispatch, struct arena *arena, mono_ms now)
{
	char path[PATH_MAX];
	uint32_t window = dispatch->stored ? DISPATCH_WINDOW : 1;

	if (!dispatch->dir || dispatch->is_broken)
		return NULL;
	if (dispatch->next > dispatch->stored + 1 && now - dispatch->moved_at >= DISPATCH_AGAIN_MS)
		dispatch->next = dispatch->stored + 1;
	if (dispatch->next > dispatch->stored + window)
		return NULL;
	int len =
	    snprintf(path, sizeof(path), "%s/%05" PRIu32 ".order", dispatch->dir, dispatch->next);
	if (len < 0 || (size_t)len >= sizeof(path) || access(path, F_OK) != 0)
		return NULL;
	Carepace__V1__Order *order = read_order(dispatch, path, arena);
	if (order && order->n != dispatch->next)
		return refuse(dispatch, path, "has another number inside");
	if (order)
		dispatch->hq_epoch = order->hq_epoch;
	return order;
}

void dispatch_sent(struct dispatch *dispatch, mono_ms now)
{
	dispatch->next++;
	dispatch->moved_at = now;
}

bool dispatch_receipt(
    struct dispatch *dispatch, const Carepace__V1__OrderReceipt *receipt, mono_ms now)
{
	if (receipt->hq_epoch != dispatch->hq_epoch || receipt->n <= dispatch->stored)
		return false;
	dispatch->stored = receipt->n;
	if (dispatch->next <= dispatch->stored)
		dispatch->next = dispatch->stored + 1;
	dispatch->moved_at = now;
	return true;
}

void dispatch_lost(struct dispatch *dispatch)
{
	dispatch->next = dispatch->stored + 1;
}
