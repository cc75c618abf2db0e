// ippo: the service's CLI.
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config.h"
#include "cli/api.h"
#include "cli/cli.h"
#include "cli/print.h"

#define DEFAULT_CONFIG "/etc/ippo/ippo.conf"

const struct command *const *command_tables(void)
{
	static const struct command *const tables[] = {server_commands,      catalogue_commands,
						       host_commands,        access_commands,
						       customer_commands,    contract_commands,
						       people_commands,      service_commands,
						       backup_commands,      console_commands,
						       history_commands,     notice_commands,
						       contact_commands,     post_commands,
						       alert_commands,       firewall_commands,
						       address_commands,     network_commands,
						       zone_commands,        zone_record_commands,
						       name_server_commands, NULL};

	return tables;
}

static const char *option_or_env(const struct invocation *invocation, const char *option,
				 const char *variable)
{
	const char *text = option_text(invocation, option);

	return text != NULL ? text : getenv(variable);
}

int main(int argc, char **argv)
{
	struct invocation invocation;
	struct config config;
	struct err err = {0};
	int code;

	(void)setlocale(LC_CTYPE, "");
	if (argc == 2 && strcmp(argv[1], "--manual") == 0) {
		help_manual();
		return EXIT_OK;
	}
	code = arguments_parse(argc, argv, &invocation);
	if (code != 0)
		return code < 0 ? EXIT_OK : code;

	if (invocation.command->is_alone)
		return invocation.command->run(&invocation);
	const char *path = option_or_env(&invocation, "config", "IPPO_CONFIG");
	if (path == NULL && access(DEFAULT_CONFIG, R_OK) == 0)
		path = DEFAULT_CONFIG;
	invocation.config_path = path;
	if (config_load(path, &config, &err) < 0)
		return print_failure(&err);
	const struct api_options options = {
		.config = &config,
		.endpoint = option_or_env(&invocation, "endpoint", "IPPO_ENDPOINT"),
		.token = getenv("IPPO_TOKEN"),
		.ca_file = option_or_env(&invocation, "ca", "IPPO_CA"),
		.customer = option_text(&invocation, "customer"),
	};
	if (api_new(&options, &invocation.api, &err) < 0)
		return print_failure(&err);
	code = invocation.command->run(&invocation);
	api_free(invocation.api);
	return code;
}
