#include "care/report/device_status.h"

#include "care/time/civil.h"

static Carepace__V1__UnitState state_of(const struct device_status *status)
{
	if (status->is_quarantined ||
	    status->state == CAREPACE__V1__DEVICE_STATE__DEVICE_QUARANTINED)
		return CAREPACE__V1__UNIT_STATE__DEVICE_STATUS_QUARANTINED;
	if (status->is_offline)
		return CAREPACE__V1__UNIT_STATE__DEVICE_STATUS_OFFLINE;
	return status->state == CAREPACE__V1__DEVICE_STATE__DEVICE_FAULT
	           ? CAREPACE__V1__UNIT_STATE__DEVICE_STATUS_FAULT
	           : CAREPACE__V1__UNIT_STATE__DEVICE_STATUS_OK;
}

static void fill_hello(Carepace__V1__DeviceStatus *out, const Carepace__V1__Hello *hello)
{
	out->has_model = out->has_fw = 1;
	out->model = hello->model;
	out->fw = hello->fw;
	out->has_life_pulses = hello->has_life_pulses;
	out->life_pulses = hello->life_pulses;
	out->has_life_active_s = hello->has_life_active_s;
	out->life_active_s = hello->life_active_s;
}

static void fill_due(Carepace__V1__DeviceStatus *out, const struct service_outlook *service)
{
	uint32_t date = civil_to_yyyymmdd(service->due_day);

	switch (service->kind) {
	case CAREPACE__V1__MAINT_KIND__MAINT_PM:
		out->has_pm_due_date = 1;
		out->pm_due_date = date;
		break;
	case CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION:
		out->has_calibration_due_date = 1;
		out->calibration_due_date = date;
		break;
	case CAREPACE__V1__MAINT_KIND__MAINT_ELEC_SAFETY:
		out->has_elec_safety_due_date = 1;
		out->elec_safety_due_date = date;
		break;
	case CAREPACE__V1__MAINT_KIND__MAINT_INSPECTION:
		out->has_inspection_due_date = 1;
		out->inspection_due_date = date;
		break;
	default:
		break;
	}
}

void device_status_fill(Carepace__V1__DeviceStatus *out, const struct device_status *status)
{
	carepace__v1__device_status__init(out);
	out->device = (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)status->device.b};
	out->state = state_of(status);
	if (status->hello)
		fill_hello(out, status->hello);
	for (size_t i = 0; i < status->service_count; i++)
		fill_due(out, &status->services[i]);
	out->has_last_seen_ts_ms = 1;
	out->last_seen_ts_ms = status->seen_at;
	out->has_battery_pct = status->battery_pct >= 0;
	out->battery_pct = out->has_battery_pct ? (uint32_t)battery_step(status->battery_pct) : 0;
}
