// The verbs core may ask of a host, and the facts a host reports. Ids travel, never paths.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/cursor.h"
#include "base/ip.h"
#include "base/parse.h"
#include "wire/filter_message.h"

/*
 * Each verb is idempotent: asking again after a crash gives the same end state. Every verb is
 * answered by exactly one HOST_REPLY with its request id; a long one may send HOST_PROGRESS before.
 * Verbs of one server run one after another; verbs of different servers run side by side on the
 * worker pool.
 */
enum host_message_type {
	/* core → host */
	HOST_HELLO = 0x300, /* body: empty. Answer: struct host_facts */
	HOST_INVENTORY =
		0x301, /* body: empty. Answer: struct host_item[] in HOST_REPLYs with WIRE_MORE */
	HOST_IMAGE_IMPORT =
		0x302, /* struct host_image_import, 0 or 1 fd. Answer: struct host_image_facts */
	HOST_IMAGE_DELETE = 0x303, /* u64 image id */
	HOST_IMAGE_FACTS =
		0x304, /* u64 image id. Answer: struct host_image_facts; ERR_IMAGE_MISSING */
	HOST_IMAGE_UPDATES = 0x305, /* struct host_package_list. Answer: struct host_updates;
				       ERR_FETCH: the archive does not answer; ERR_UNSUPPORTED: it
				       is that of another release */
	HOST_IMAGE_CREATE = 0x306,  /* struct host_image_disk: a whole image of a server's
				       disk as of one instant, without stopping it. Answer: struct
				       host_image_facts without a checksum; ERR_DISK_FULL */
	HOST_VOLUME_CREATE = 0x310, /* struct host_volume: overlay on a golden image, or a copy */
	HOST_VOLUME_GROW = 0x311,   /* struct host_volume: to `bytes`, never smaller */
	HOST_VOLUME_DELETE = 0x312, /* struct host_volume: uuid and generation */
	HOST_SEED_CREATE = 0x313,   /* struct host_seed */
	HOST_SEED_DELETE = 0x314, /* uuid: detach from a running domain if need be, then destroy */
	HOST_NETWORK_SET = 0x320, /* struct host_network: remember and, if the tap exists, plumb it.
				     Answer: u64 the version of the filter in force */
	HOST_NETWORK_CLEAR = 0x321, /* uuid */
	HOST_NETWORK_SYNC =
		0x322, /* u32 count, struct host_network[]; with WIRE_MORE until the last: the whole
			  truth; servers not named are cleared, in one transaction */
	HOST_FILTER_SET = 0x323,    /* struct host_filter_change: at once, whatever else the server
				       does; ERR_NOT_FOUND without a network. Answer: u64 the version
				       in force */
	HOST_FILTER_STATUS = 0x324, /* uuid. Answer: u32 count, struct host_counter[], u32 count,
				       struct host_refused[] */
	HOST_FILTER_CAME = 0x325,   /* uuid. Answer: u32 count, ip[]: from where connections are
				       established that the filter in force has marked */
	HOST_DOMAIN_DEFINE = 0x330, /* struct host_domain: define, or redefine when it differs */
	HOST_DOMAIN_UNDEFINE = 0x331, /* uuid: destroy if running, then undefine */
	HOST_DOMAIN_START = 0x332,    /* uuid: paused, tap plumbed, filter in force, then resumed */
	HOST_DOMAIN_SHUTDOWN =
		0x333, /* uuid: ACPI, then the guest agent; answers when asked, not when off */
	HOST_DOMAIN_STOP = 0x334,   /* uuid: by force */
	HOST_DOMAIN_REBOOT = 0x335, /* uuid: ACPI or agent */
	HOST_DOMAIN_RESET = 0x336,  /* uuid: the reset button */
	HOST_DOMAIN_STATE = 0x337,  /* uuid. Answer: u8 enum host_domain_state */
	HOST_PASSWORD_SET =
		0x338,          /* struct host_password: through the guest agent; expired at once */
	HOST_GUEST_ASK = 0x33a, /* struct host_guest_ask: a line for the guest's ask port; answered
				   when it is written, whether anybody reads it or not */
	HOST_STATISTICS = 0x339, /* body: empty. Answer: struct host_sample[] of all servers that
				    are on, in HOST_REPLYs with WIRE_MORE */
	HOST_TRAFFIC = 0x33b,    /* body: empty. Answer: struct host_traffic[] of all servers that
				    have a network, in HOST_REPLYs with WIRE_MORE */
	/* Remote consoles, see console_message.h. Not in one row with the server's other verbs. */
	HOST_CONSOLE_OPEN = 0x340,   /* struct host_console_open. Answer: 1 fd */
	HOST_CONSOLE_CLOSE = 0x341,  /* u64 console id */
	HOST_CONSOLE_TEXT = 0x342,   /* struct host_console_text. Answer: a piece of the ring */
	HOST_CONSOLE_SCREEN = 0x343, /* uuid. Answer: a PNG */

	/* host → core */
	HOST_REPLY = 0x380,        /* i32 code, text error, then the verb's answer */
	HOST_PROGRESS = 0x381,     /* u8 percent */
	HOST_EVENT_DOMAIN = 0x382, /* uuid, u8 enum host_domain_state, u64 time ms; id 0 */
	HOST_EVENT_REPORT = 0x383, /* uuid, text: one line from the guest's report port, at most 512
				      bytes; hostile */
	HOST_EVENT_HYPERVISOR = 0x384, /* u8 1 = reachable again, 0 = lost */
	HOST_EVENT_CONSOLE = 0x385,    /* u64 console id, u8 enum host_console_end */
};

enum host_domain_state {
	HOST_DOMAIN_ABSENT = 0,
	HOST_DOMAIN_OFF = 1,
	HOST_DOMAIN_RUNNING = 2,
	HOST_DOMAIN_PAUSED = 3,
	HOST_DOMAIN_STOPPING = 4,
	HOST_DOMAIN_CRASHED = 5,
};

#define HOST_NAME_BYTES 64
#define HOST_TEXT_BYTES 256

struct host_facts {
	char hostname[HOST_TEXT_BYTES];
	char driver[16];              /* "libvirt" or "fake" */
	char virtualization[16];      /* "kvm" or "emulation" */
	char reason[HOST_TEXT_BYTES]; /* why not kvm, for people; "" with kvm */
	char hypervisor[64];          /* "QEMU 7.2.0, libvirt 9.0.0" */
	uint32_t cpus;
	uint64_t memory_mib;
	uint64_t pool_bytes;
	uint64_t pool_free_bytes;
	char boot_id[UUID_TEXT_BYTES]; /* of the machine: a new one means every guest is off */
};

enum host_item_kind {
	HOST_ITEM_DOMAIN = 1,
	HOST_ITEM_VOLUME = 2,
	HOST_ITEM_SEED = 3,
	HOST_ITEM_NETWORK = 4,
	HOST_ITEM_IMAGE = 5
};

/* One thing that really exists on the host under this instance's names. */
struct host_item {
	uint8_t kind;
	uint8_t state;            /* enum host_domain_state, for domains */
	uint8_t uuid[UUID_BYTES]; /* the server's; zero for images */
	uint64_t number;          /* volume generation, or image id */
};

/* What is measured of a server. Counters begin anew with each of its runs. */
enum host_statistic {
	HOST_CPU_NS,           /* counter: processor time */
	HOST_MEMORY_BYTES,     /* in use, as the guest says, else as the host sees it */
	HOST_DISK_READ_BYTES,  /* counter */
	HOST_DISK_WRITE_BYTES, /* counter */
	HOST_DISK_READ_OPS,    /* counter */
	HOST_DISK_WRITE_OPS,   /* counter */
	HOST_DISK_USED_BYTES,  /* that its disk takes on the host */
	HOST_NET_IN_BYTES,     /* counter: to the server */
	HOST_NET_OUT_BYTES,    /* counter */
	HOST_NET_IN_PACKETS,   /* counter */
	HOST_NET_OUT_PACKETS,  /* counter */
	HOST_STATISTICS_COUNT
};

#define HOST_STATISTIC_UNKNOWN UINT64_MAX

struct host_sample {
	uint8_t uuid[UUID_BYTES];
	uint64_t values[HOST_STATISTICS_COUNT];
};

/* Bytes that went over a server's wire, since its epoch began. */
struct host_traffic {
	uint8_t uuid[UUID_BYTES];
	uint64_t epoch; /* two counts of one epoch can be subtracted */
	uint64_t in_bytes;
	uint64_t out_bytes;
};

#define HOST_CHECKSUM_BYTES 32
enum host_image_source { HOST_IMAGE_FROM_FD = 1, HOST_IMAGE_FROM_URL = 2 };

struct host_image_import {
	uint64_t image_id;
	uint8_t source; /* enum host_image_source */
	char url[2048]; /* https or http; fetched by an unprivileged child */
	uint8_t has_checksum;
	uint8_t checksum[HOST_CHECKSUM_BYTES]; /* SHA-256 of the file as given */
};

struct host_image_facts {
	uint64_t virtual_bytes;
	uint64_t file_bytes;
	uint8_t checksum[HOST_CHECKSUM_BYTES]; /* of the file as given */
};

/* The disk that an image is made of. */
struct host_image_disk {
	uint64_t image_id; /* of the image to be made */
	uint8_t uuid[UUID_BYTES];
	uint32_t generation; /* of the volume in use */
	uint64_t base_id;    /* image that the volume is an overlay of; 0: it is whole */
};

/* What is installed in an image, see wire/package_list.h. */
struct host_package_list {
	uint64_t image_id;
	char *text; /* malloc'd when decoded: host_package_list_done() */
};

/* What the archive has that is newer. */
struct host_updates {
	uint64_t pending;
	uint64_t security; /* among them */
};

/* A server's disk. A rebuild makes generation n+1 beside n, and drops n once n+1 is in use. */
struct host_volume {
	uint8_t uuid[UUID_BYTES];
	uint32_t generation;
	uint64_t image_id;
	uint64_t bytes;
	uint8_t whole; /* a copy of the image, which may go afterwards, instead of an overlay on it
			*/
};

#define HOST_SEED_MAX_BYTES ((size_t)160 * 1024)

/* NoCloud documents. Decoded strings are malloc'd: host_seed_done(). */
struct host_seed {
	uint8_t uuid[UUID_BYTES];
	char *meta_data;
	char *user_data;
	char *vendor_data;
	char *network_config;
	size_t user_data_bytes; /* may hold any bytes; the other three are text */
};

#define HOST_PORTS_MAX   ((size_t)3) /* of a server: networks it is in */
#define HOST_ALIASES_MAX ((size_t)5) /* of a port */

/* Where a server is plugged into a private network. */
struct host_port {
	uint64_t id;         /* the tap's name derives from it */
	uint64_t network_id; /* ... and the bridge's from this */
	uint8_t mac[MAC_BYTES];
	struct ip ip; /* IPv4 /32 */
	struct ip aliases[HOST_ALIASES_MAX];
	size_t alias_count;
};

struct host_network {
	uint8_t uuid[UUID_BYTES];
	uint64_t server_id; /* the tap's name derives from it */
	uint8_t mac[MAC_BYTES];
	struct ip ipv4; /* family 0: none */
	struct ip ipv6; /* a /64 */
	uint8_t closed; /* nothing new from outside reaches it */
	struct host_filter filter;
	struct host_port ports[HOST_PORTS_MAX];
	size_t port_count;
};

struct host_filter_change {
	uint8_t uuid[UUID_BYTES];
	struct host_filter filter;
};

#define HOST_RESCUE_MAX_KEY_BYTES ((size_t)64 * 1024)

/* What a boot into the rescue system needs. */
struct host_rescue {
	uint64_t image_id; /* of the rescue system; 0: the server boots its own disk */
	uint16_t ssh_port;
	struct ip ipv4; /* family 0: none */
	struct ip ipv6; /* a /64; the server is ::1 in it */
	char *keys;     /* OpenSSH public keys of who may log in, a line each; malloc'd */
};

/* A card beside the server's first, for a private network. */
struct host_card {
	uint64_t port_id; /* its struct host_port */
	uint8_t mac[MAC_BYTES];
};

/* Decoded ones hold keys: host_domain_done(). */
struct host_domain {
	uint8_t uuid[UUID_BYTES];
	uint64_t server_id;
	char name[HOST_NAME_BYTES]; /* the server's name: description only */
	uint32_t vcpus;
	uint64_t memory_mib;
	uint32_t generation; /* of the volume it uses */
	uint64_t image_id;   /* that the volume is an overlay of; 0: it is whole */
	uint8_t has_seed;
	uint8_t no_agent; /* nothing is asked inside it: the ports for that are not there */
	uint8_t mac[MAC_BYTES];
	struct host_rescue rescue;
	struct host_card cards[HOST_PORTS_MAX];
	size_t card_count;
};

struct host_password {
	uint8_t uuid[UUID_BYTES];
	char user[33];
	char hash[256]; /* crypt(5) form; never the password itself */
};

#define HOST_ASK_MAX_BYTES 256

struct host_guest_ask {
	uint8_t uuid[UUID_BYTES];
	char line[HOST_ASK_MAX_BYTES]; /* printable ASCII, without its end */
};
void host_ip_write(struct buf *out, const struct ip *ip);
struct ip host_ip_read(struct reader *in);

/* Encoders append to @out (check out->error); decoders return 0, ERR_PROTOCOL or -ENOMEM. */
void host_facts_write(struct buf *out, const struct host_facts *facts);
int host_facts_read(struct reader *in, struct host_facts *ret);
void host_item_write(struct buf *out, const struct host_item *item);
int host_item_read(struct reader *in, struct host_item *ret);
void host_sample_write(struct buf *out, const struct host_sample *sample);
int host_sample_read(struct reader *in, struct host_sample *ret);
void host_traffic_write(struct buf *out, const struct host_traffic *traffic);
int host_traffic_read(struct reader *in, struct host_traffic *ret);
void host_image_import_write(struct buf *out, const struct host_image_import *import);
int host_image_import_read(struct reader *in, struct host_image_import *ret);
void host_image_disk_write(struct buf *out, const struct host_image_disk *disk);
int host_image_disk_read(struct reader *in, struct host_image_disk *ret);
void host_image_facts_write(struct buf *out, const struct host_image_facts *facts);
int host_image_facts_read(struct reader *in, struct host_image_facts *ret);
void host_package_list_write(struct buf *out, const struct host_package_list *list);
int host_package_list_read(struct reader *in, struct host_package_list *ret);
void host_package_list_done(struct host_package_list *list);
void host_updates_write(struct buf *out, const struct host_updates *updates);
int host_updates_read(struct reader *in, struct host_updates *ret);
void host_volume_write(struct buf *out, const struct host_volume *volume);
int host_volume_read(struct reader *in, struct host_volume *ret);
void host_seed_write(struct buf *out, const struct host_seed *seed);
int host_seed_read(struct reader *in, struct host_seed *ret);
void host_seed_done(struct host_seed *seed);
void host_network_write(struct buf *out, const struct host_network *network);
int host_network_read(struct reader *in, struct host_network *ret);
void host_network_done(struct host_network *network);
/** host_ports_equal() - the same ports, in the same order. */
bool host_ports_equal(const struct host_network *a, const struct host_network *b);
void host_filter_change_write(struct buf *out, const struct host_filter_change *change);
int host_filter_change_read(struct reader *in, struct host_filter_change *ret);
void host_filter_change_done(struct host_filter_change *change);
void host_domain_write(struct buf *out, const struct host_domain *domain);
int host_domain_read(struct reader *in, struct host_domain *ret);
void host_domain_done(struct host_domain *domain);
void host_password_write(struct buf *out, const struct host_password *password);
int host_password_read(struct reader *in, struct host_password *ret);
void host_guest_ask_write(struct buf *out, const struct host_guest_ask *ask);
int host_guest_ask_read(struct reader *in, struct host_guest_ask *ret);
