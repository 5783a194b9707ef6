/* What arrives at the service manager's socket, and that nothing happens where
 * there is none. */
#include "io/systemd.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static int manager_fd;

static int open_manager(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char name[64];

	(void)state;
	/* Abstract, so that no file is left. */
	int len = snprintf(name, sizeof(name), "@carepace-notify-%d", getpid());
	memcpy(address.sun_path + 1, name + 1, (size_t)len - 1);
	manager_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(manager_fd >= 0);
	socklen_t size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)len);
	assert_int_equal(bind(manager_fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	return 0;
}

static int close_manager(void **state)
{
	(void)state;
	close(manager_fd);
	unsetenv("NOTIFY_SOCKET");
	return 0;
}

static void assert_told(const char *expected)
{
	char told[512];
	ssize_t len = recv(manager_fd, told, sizeof(told) - 1, 0);

	assert_true(len > 0);
	told[len] = '\0';
	assert_string_equal(told, expected);
}

static void the_manager_hears_each_state(void **state)
{
	(void)state;
	systemd_ready();
	assert_told("READY=1");
	systemd_reloading(1234);
	assert_told("RELOADING=1\nMONOTONIC_USEC=1234000");
	systemd_watchdog();
	assert_told("WATCHDOG=1");
	systemd_stopping();
	assert_told("STOPPING=1");
}

static void a_status_is_one_line(void **state)
{
	(void)state;
	systemd_status("%d devices\nSTOPPING=1", 7);
	assert_told("STATUS=7 devices STOPPING=1");
	systemd_status("%0300d", 1);
	char told[512];
	assert_int_equal(recv(manager_fd, told, sizeof(told), 0), strlen("STATUS=") + 200);
}

static void without_a_manager_nothing_happens(void **state)
{
	(void)state;
	unsetenv("NOTIFY_SOCKET");
	systemd_ready();
	systemd_status("unheard");
	systemd_watchdog();
	char told[64];
	assert_int_equal(recv(manager_fd, told, sizeof(told), 0), -1);
}

static void the_watchdog_is_fed_twice_in_its_time(void **state)
{
	(void)state;
	unsetenv("WATCHDOG_PID");
	unsetenv("WATCHDOG_USEC");
	assert_int_equal(systemd_watchdog_interval(), 0);
	assert_int_equal(setenv("WATCHDOG_USEC", "5000000", 1), 0);
	assert_int_equal(systemd_watchdog_interval(), 2500);
	/* Another process's watchdog, inherited by mistake. */
	assert_int_equal(setenv("WATCHDOG_PID", "1", 1), 0);
	assert_int_equal(systemd_watchdog_interval(), 0);
}

/* As a child of systemd: its sockets begin with descriptor 3. */
static enum cp_err child_takes(int socket, const char *count, int *fd)
{
	char pid[16];

	if (dup2(socket, 3) != 3)
		_exit(2);
	if (socket != 3)
		close(socket);
	if (dup2(3, 4) != 4)
		_exit(2);
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", count, 1);
	enum cp_err err = systemd_take_socket(fd);
	return getenv("LISTEN_FDS") ? CP_BUSY : err; /* they must not be inherited */
}

/* Its own process, because descriptor 3 is somebody's here. */
static void in_a_child(void (*check)(void))
{
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0) {
		check();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void check_listening(void)
{
	int fd;
	int tcp = socket(AF_INET, SOCK_STREAM, 0);

	if (listen(tcp, 1) || child_takes(tcp, "1", &fd) || fd != 3 ||
	    !(fcntl(fd, F_GETFL) & O_NONBLOCK))
		_exit(1);
}

static void check_not_listening(void)
{
	int fd;

	if (child_takes(socket(AF_INET, SOCK_STREAM, 0), "1", &fd) != CP_CONFIG || fd != -1)
		_exit(1);
}

static void check_two(void)
{
	int fd;
	int tcp = socket(AF_INET, SOCK_STREAM, 0);

	if (listen(tcp, 1) || child_takes(tcp, "2", &fd) != CP_CONFIG || fd != -1)
		_exit(1);
}

static void only_one_listening_port_is_taken(void **state)
{
	int fd;

	(void)state;
	in_a_child(check_listening);
	in_a_child(check_not_listening);
	in_a_child(check_two);
	assert_int_equal(systemd_take_socket(&fd), CP_OK);
	assert_int_equal(fd, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
	        the_manager_hears_each_state, open_manager, close_manager),
	    cmocka_unit_test_setup_teardown(a_status_is_one_line, open_manager, close_manager),
	    cmocka_unit_test_setup_teardown(
	        without_a_manager_nothing_happens, open_manager, close_manager),
	    cmocka_unit_test(the_watchdog_is_fed_twice_in_its_time),
	    cmocka_unit_test(only_one_listening_port_is_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
