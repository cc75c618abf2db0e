#include "wire/visitor_program.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"

int visitor_program_run(const struct visitor_program *program, int argc, char **argv)
{
	static struct config config;
	struct err err = {0};
	int code;

	log_init(program->name, LOG_LEVEL_INFO);
	if (argc != 3 || strcmp(argv[1], "--config") != 0) {
		(void)fprintf(stderr, "%s is started by ippod(8)\n", program->name);
		return 2;
	}
	(void)mallopt(M_ARENA_MAX, 1);
	(void)signal(SIGPIPE, SIG_IGN);
	if (config_load(argv[2], &config, &err) == 0) {
		log_init(program->name, (enum log_level)config.log_level);
		code = program->start(&config, &err);
		/* A wish that start() did without left its reason. */
		err = code == 0 ? (struct err){0} : err;
		while (code == 0)
			code = program->serve_one(&config, &err);
		if (code == 1)
			return EXIT_SUCCESS;
	}
	log_error("%s", err.text);
	return EXIT_FAILURE;
}
