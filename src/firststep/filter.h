// What a packet filter lets in: nft's rules as text, and firewalld's zones.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "firststep/ports.h"

#define FILTER_CHAINS_MAX 16
#define FILTER_DEPTH_MAX  8

/* One base chain for input. A packet must get through all of them. */
struct filter_chain {
	char name[96];
	bool is_v4;
	bool is_v6;
	bool is_closed;  /* what no rule accepts is dropped */
	bool is_unclear; /* has an accepting rule that we do not understand */
	char unclear[128];
	struct ports open; /* to everybody */
};

struct filter {
	struct filter_chain chains[FILTER_CHAINS_MAX];
	size_t count;
};

/**
 * filter_parse() - a ruleset as nft(8) reads and prints it.
 * Return: 0, -EINVAL (no ruleset: braces that do not match), -E2BIG past a limit.
 * When in doubt a chain is unclear or open, never closed.
 */
int filter_parse(const char *text, struct filter *ret);

#define ZONE_SERVICES_MAX 64

struct zone {
	char target[32]; /* "" is firewalld's default: refuse */
	char services[ZONE_SERVICES_MAX][64];
	size_t service_count;
	struct ports open;
};

/** zone_parse() - a zone's or a service's XML (firewalld.zone(5)). Rich rules are not read:
 * *ret_rich says whether there are any. -EINVAL for what is no such file. */
int zone_parse(const char *text, struct zone *ret, bool *ret_rich);
