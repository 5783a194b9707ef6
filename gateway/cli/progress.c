#include "cli/progress.h"

#include "io/clock.h"

#include <stdio.h>
#include <unistd.h>

#define WIDTH 40
#define DRAW_EVERY_MS 100

void progress_begin(struct progress *progress, const char *doing, int64_t total)
{
	*progress = (struct progress){
	    .doing = doing, .total = total, .is_shown = total > 0 && isatty(STDERR_FILENO)};
	progress_at(progress, 0);
}

void progress_at(struct progress *progress, int64_t done)
{
	static const char full[WIDTH + 1] = "########################################";

	if (!progress->is_shown || clock_mono() < progress->drawn_at + DRAW_EVERY_MS)
		return;
	if (done > progress->total)
		done = progress->total;
	int parts = (int)(done * WIDTH / progress->total);
	fprintf(stderr, "\r%s [%.*s%*s] %3d %%", progress->doing, parts, full, WIDTH - parts, "",
	    (int)(done * 100 / progress->total));
	fflush(stderr);
	progress->drawn_at = clock_mono();
}

void progress_end(struct progress *progress)
{
	if (progress->is_shown)
		fputs("\r\033[K", stderr);
	progress->is_shown = false;
}
