#include "control.h"

void control_begin_run(void)
{
}
