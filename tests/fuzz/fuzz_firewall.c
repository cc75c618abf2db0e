// Any text of rules: what is taken is written as it was read, and judges packets.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "model/firewall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct firewall firewall CLEANUP(firewall_done) = {.id = 1};
	const struct firewall_policy policy = {.firewalls = &firewall, .count = 1, .ssh_port = 22};
	struct buf text CLEANUP(buf_done) = {0}, again CLEANUP(buf_done) = {0};
	struct ip peer;

	if (buf_append(&text, data, size) < 0 || memchr(data, 0, size) != NULL ||
	    firewall_rules_read(buf_str(&text), &firewall.rules, NULL) < 0)
		return 0;
	if (firewall_rules_format(&firewall.rules, &again) == 0 && again.len > 0) {
		struct firewall_rules same CLEANUP(firewall_rules_done) = {0};
		if (firewall_rules_read(buf_str(&again), &same, NULL) < 0 ||
		    same.count != firewall.rules.count)
			abort();
	}
	if (ip_parse("203.0.113.5", &peer) == 0)
		(void)firewall_admits_ssh(&policy, &peer);
	return 0;
}
