// The handful of start-up settings, read from one ini file by every daemon. All else is a resource.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"

#define CONFIG_PATH_BYTES  256
#define CONFIG_MAX_PROXIES 16

/* Addresses and prefixes. */
struct config_networks {
	struct ip items[CONFIG_MAX_PROXIES];
	unsigned count;
};

struct config {
	/* [ippo] */
	char instance[7]; /* prefix of domain names, taps and the nftables table; [a-z0-9]{1,6} */
	char state_dir[CONFIG_PATH_BYTES];   /* /var/lib/ippo */
	char run_dir[CONFIG_PATH_BYTES];     /* /run/ippo: api.sock, ippod.pid */
	char program_dir[CONFIG_PATH_BYTES]; /* where ippo-web, ippo-core, ippo-host lie */
	int log_level;                       /* enum log_level */
	/* [web] */
	char listen[64];                        /* address:port, [v6]:port */
	char url[256];                          /* public base URL, https://localhost:8443 */
	char panel_dir[CONFIG_PATH_BYTES];      /* the built panel */
	char web_user[32];                      /* ippo-web */
	struct config_networks trusted_proxies; /* whose X-Forwarded-For is believed */
	/* [core] */
	char core_user[32];  /* ippo-core */
	char group[32];      /* ippo: members are operators over the local socket */
	uint32_t rate_limit; /* requests per hour and token; 0 = no limit */
	/* How old a session's proof may be for what is worth one; 0: any is good enough. */
	uint32_t proof_minutes;
	/* Remote consoles; 0 = no limit. */
	uint32_t console_per_user;
	uint32_t console_per_server; /* QEMU serves 32 screens of one server, and then loses some */
	uint32_t console_per_address;
	uint32_t console_idle_minutes; /* without a key pressed */
	uint32_t console_life_minutes;
	uint32_t console_history_days; /* since their end; 0 = for ever */
	char contract_period[16]; /* anniversary or calendar_month: when servers are charged for */
	int contract_offset_minutes; /* of the clock that those days begin by, east of UTC */
	uint32_t backup_percentage;  /* that a server's backups cost of its plan's price */
	uint32_t history_days; /* after which a line of the operation history goes; 0: never */
	/* The pools that the first start makes; later ones are resources. */
	char pool_ipv4[64]; /* prefix; empty: a private one by the instance's name */
	char pool_ipv6[64]; /* prefix of at most /64; empty: a random one of RFC 4193 */
	uint32_t
		first_step_minutes; /* a new server's edge opens unproven after so many; 0: never */
	/* [probe] */
	char probe_user[32]; /* ippo-probe */
	/* With the driver `fake`, whose guests have no network: the address that is looked at in
	 * the place of theirs; empty: none is, and nothing is closed. */
	char probe_target[64];
	/* [metrics] */
	char metrics_user[32]; /* ippo-metrics */
	/* [post] */
	char post_user[32];  /* ippo-post */
	char smtp_url[256];  /* smtp://host:587 (STARTTLS), smtps://host:465; empty: no mail */
	char smtp_user[128]; /* empty: the server asks for none */
	char smtp_password_file[CONFIG_PATH_BYTES]; /* read as root, before powers are dropped */
	char smtp_ca_file[CONFIG_PATH_BYTES];       /* instead of the system's authorities */
	char mail_drop[CONFIG_PATH_BYTES]; /* a folder: each mail a file there, instead of SMTP */
	char mail_sender[256];             /* address that mails are from */
	char mail_operator[256];           /* address that gets what people write; empty: none */
	uint32_t post_per_minute;          /* messages sent at most; 0: none is sent */
	struct config_networks
		webhook_allow; /* that webhooks may go to although they are private */
	/* [dns] */
	char dns_user[32];     /* ippo-dns: Knot runs as it */
	char dns_listen[256];  /* addresses with ports; empty: no name server */
	char dns_resolver[64]; /* whom to ask about other zones; empty: as resolv.conf(5) says */
	char dns_proof[32];    /* that a zone's name is its owner's: how it is proven, or no */
	struct config_networks dns_primary_allow; /* that zones may be fetched from although they
						     are private */
	char dns_names[256];                      /* of the name servers, as the world knows them */
	uint32_t dns_zsk_life_s;    /* after so long Knot changes a zone-signing key */
	uint32_t dns_key_ttl_s;     /* of the DNSKEY records */
	uint32_t dns_spread_s;      /* until every name server has a change */
	uint32_t dns_parent_wait_s; /* until no resolver has the DS of before */
	/* [host] */
	char driver[16];                       /* libvirt or fake */
	char libvirt_uri[256];                 /* qemu:///system */
	char egress[16];                       /* masquerade or routed */
	char host_dir[CONFIG_PATH_BYTES];      /* images, volumes, seeds; default state_dir/host */
	char image_sources[CONFIG_PATH_BYTES]; /* apt's, for looks at images; "": the system's */
	bool emulation;                        /* never try KVM */
};

/** config_load() - defaults, then the file; an unknown key or section is an error that names its
 * line. */
int config_load(const char *path, struct config *ret, struct err *err);

/** config_has_mail() - mails can be sent: there is a server or a folder for them, and a sender. */
bool config_has_mail(const struct config *config);
