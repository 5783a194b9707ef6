/* message_no.h - the name of a device's message, (boot, seq), in one number of equal order. */
#ifndef CARE_MESSAGE_NO_H
#define CARE_MESSAGE_NO_H

#include <stdint.h>

static inline int64_t message_no(uint32_t boot, uint32_t seq)
{
	return (int64_t)(((uint64_t)boot << 32 | seq) ^ UINT64_C(1) << 63);
}

static inline uint32_t message_no_boot(int64_t name)
{
	return (uint32_t)(((uint64_t)name ^ UINT64_C(1) << 63) >> 32);
}

static inline uint32_t message_no_seq(int64_t name)
{
	return (uint32_t)name;
}

#endif
