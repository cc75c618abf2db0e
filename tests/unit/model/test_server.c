// The state machine of servers: what may begin when, and the words of the API.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "model/server.h"

static int admit(enum server_status status, enum action_command command)
{
	struct server server = {.name = "hajime", .status = status};
	struct err err = {0};
	int r = server_admit(&server, 0, command, &err);

	if (r < 0 && command != ACTION_IMPORT_IMAGE)
		assert_non_null(strstr(err.text, "hajime"));
	return r;
}

static void words_of_the_api(void **state)
{
	static const char *const words[] = {"initializing", "starting",  "running",
					    "stopping",     "off",       "deleting",
					    "rebuilding",   "migrating", "unknown"};
	enum server_status status;

	assert_int_equal(ARRAY_SIZE(words), SERVER_STATUS_COUNT);
	for (unsigned i = 0; i < SERVER_STATUS_COUNT; i++) {
		assert_string_equal(server_status_name((enum server_status)i), words[i]);
		assert_int_equal(server_status_parse(words[i], &status), 0);
		assert_int_equal(status, i);
	}
	assert_true(server_status_parse("Running", &status) < 0);
	assert_true(server_status_parse("", &status) < 0);
}

static void what_may_begin(void **state)
{
	assert_int_equal(admit(SERVER_OFF, ACTION_START_SERVER), 0);
	assert_int_equal(admit(SERVER_RUNNING, ACTION_START_SERVER), 0);
	assert_int_equal(admit(SERVER_STOPPING, ACTION_START_SERVER), ERR_UNSUPPORTED);
	assert_int_equal(admit(SERVER_DELETING, ACTION_START_SERVER), ERR_UNSUPPORTED);
	assert_int_equal(admit(SERVER_RUNNING, ACTION_STOP_SERVER), 0);
	assert_int_equal(admit(SERVER_OFF, ACTION_STOP_SERVER), 0);
	assert_int_equal(admit(SERVER_INITIALIZING, ACTION_STOP_SERVER), ERR_UNSUPPORTED);
	assert_int_equal(admit(SERVER_OFF, ACTION_SHUTDOWN_SERVER), 0);
	assert_int_equal(admit(SERVER_OFF, ACTION_REBOOT_SERVER), ERR_UNSUPPORTED);
	assert_int_equal(admit(SERVER_OFF, ACTION_RESET_SERVER), ERR_UNSUPPORTED);
	assert_int_equal(admit(SERVER_RUNNING, ACTION_RESET_SERVER), 0);
	assert_int_equal(admit(SERVER_RUNNING, ACTION_CHANGE_SERVER_TYPE), ERR_SERVER_NOT_STOPPED);
	assert_int_equal(admit(SERVER_OFF, ACTION_CHANGE_SERVER_TYPE), 0);
	assert_int_equal(admit(SERVER_OFF, ACTION_RESET_PASSWORD), ERR_UNSUPPORTED);
	assert_int_equal(admit(SERVER_RUNNING, ACTION_RESET_PASSWORD), 0);
	assert_int_equal(admit(SERVER_DELETING, ACTION_CHANGE_DNS_PTR), ERR_UNSUPPORTED);
	assert_int_equal(admit(SERVER_RUNNING, ACTION_IMPORT_IMAGE), ERR_UNSUPPORTED);
	for (unsigned i = 0; i < SERVER_STATUS_COUNT; i++)
		assert_int_equal(admit((enum server_status)i, ACTION_DELETE_SERVER), 0);
}

static void a_lock_holds_all_but_a_forced_stop_of_a_shutdown(void **state)
{
	struct server server = {.name = "x", .status = SERVER_STOPPING, .locked_action_id = 7};
	struct err err = {0};

	assert_int_equal(server_admit(&server, ACTION_SHUTDOWN_SERVER, ACTION_DELETE_SERVER, &err),
			 ERR_LOCKED);
	assert_non_null(strstr(err.text, "action 7 (shutdown_server)"));
	assert_int_equal(server_admit(&server, ACTION_SHUTDOWN_SERVER, ACTION_STOP_SERVER, NULL),
			 0);
	assert_int_equal(server_admit(&server, ACTION_STOP_SERVER, ACTION_STOP_SERVER, NULL),
			 ERR_LOCKED);
	assert_int_equal(
		server_admit(&server, ACTION_SHUTDOWN_SERVER, ACTION_REQUEST_CONSOLE, NULL), 0);
	assert_int_equal(server_admit(&server, ACTION_REBUILD_SERVER, ACTION_STOP_SERVER, NULL),
			 ERR_LOCKED);
}

static void protection_refuses(void **state)
{
	struct server server = {.name = "x", .status = SERVER_OFF, .protect_delete = true};

	assert_int_equal(server_admit(&server, 0, ACTION_DELETE_SERVER, NULL), ERR_PROTECTED);
	assert_int_equal(server_admit(&server, 0, ACTION_REBUILD_SERVER, NULL), 0);
	server.protect_rebuild = true;
	assert_int_equal(server_admit(&server, 0, ACTION_REBUILD_SERVER, NULL), ERR_PROTECTED);
	assert_int_equal(server_admit(&server, 0, ACTION_RESTORE_KEPT_DISK, NULL), ERR_PROTECTED);
	assert_int_equal(server_admit(&server, 0, ACTION_DELETE_KEPT_DISK, NULL), 0);
	assert_int_equal(server_admit(&server, 0, ACTION_CHANGE_PROTECTION, NULL), 0);
}

static void where_commands_lead(void **state)
{
	assert_int_equal(server_status_during(ACTION_START_SERVER, SERVER_OFF), SERVER_STARTING);
	assert_int_equal(server_status_during(ACTION_START_SERVER, SERVER_RUNNING), SERVER_RUNNING);
	assert_int_equal(server_status_during(ACTION_SHUTDOWN_SERVER, SERVER_RUNNING),
			 SERVER_STOPPING);
	assert_int_equal(server_status_during(ACTION_STOP_SERVER, SERVER_OFF), SERVER_OFF);
	assert_int_equal(server_status_during(ACTION_REBUILD_SERVER, SERVER_OFF),
			 SERVER_REBUILDING);
	assert_int_equal(server_status_during(ACTION_CHANGE_DNS_PTR, SERVER_OFF), SERVER_OFF);
	assert_int_equal(
		server_status_after(ACTION_CREATE_SERVER, SERVER_INITIALIZING, SERVER_DESIRED_ON),
		SERVER_RUNNING);
	assert_int_equal(
		server_status_after(ACTION_REBUILD_SERVER, SERVER_RUNNING, SERVER_DESIRED_OFF),
		SERVER_OFF);
	assert_int_equal(server_status_after(ACTION_STOP_SERVER, SERVER_RUNNING, SERVER_DESIRED_ON),
			 SERVER_OFF);
	assert_int_equal(server_desired_after(ACTION_START_SERVER, SERVER_DESIRED_OFF),
			 SERVER_DESIRED_ON);
	assert_int_equal(server_desired_after(ACTION_STOP_SERVER, SERVER_DESIRED_ON),
			 SERVER_DESIRED_OFF);
	assert_int_equal(server_desired_after(ACTION_REBUILD_SERVER, SERVER_DESIRED_ON),
			 SERVER_DESIRED_ON);
}

static void reverse_names(void **state)
{
	struct dns_ptr ptr = {.name = "www.example.org"};
	struct server server = {.dns_ptrs = &ptr, .dns_ptr_count = 1};
	struct ip other;
	char text[64];

	assert_int_equal(ip_parse("198.51.100.11", &ptr.ip), 0);
	assert_int_equal(ip_parse("198.51.100.12", &other), 0);
	assert_string_equal(server_dns_ptr(&server, &ptr.ip), "www.example.org");
	assert_null(server_dns_ptr(&server, &other));
	server_default_dns_ptr(&ptr.ip, text, sizeof(text));
	assert_string_equal(text, "static.11.100.51.198.in-addr.invalid");
	server_default_dns_ptr(&ptr.ip, text, 8);
	assert_string_equal(text, "static.");
}

static void action_words(void **state)
{
	enum action_command command;
	enum action_status status;
	struct action action = {0};

	assert_string_equal(action_command_name(ACTION_CHANGE_SERVER_TYPE), "change_server_type");
	assert_int_equal(action_command_parse("reset_password", &command), 0);
	assert_int_equal(command, ACTION_RESET_PASSWORD);
	assert_true(action_command_parse("reset", &command) < 0);
	assert_int_equal(action_status_parse("error", &status), 0);
	assert_int_equal(status, ACTION_ERROR);
	assert_true(action_status_parse("done", &status) < 0);
	for (uint64_t i = 1; i <= ACTION_MAX_RESOURCES; i++)
		assert_int_equal(action_add_resource(&action, ACTION_RESOURCE_SERVER, i), 0);
	assert_true(action_add_resource(&action, ACTION_RESOURCE_SERVER, 9) < 0);
	assert_int_equal(action.resources[ACTION_MAX_RESOURCES - 1].id, ACTION_MAX_RESOURCES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_the_api),
		cmocka_unit_test(what_may_begin),
		cmocka_unit_test(a_lock_holds_all_but_a_forced_stop_of_a_shutdown),
		cmocka_unit_test(protection_refuses),
		cmocka_unit_test(where_commands_lead),
		cmocka_unit_test(reverse_names),
		cmocka_unit_test(action_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
