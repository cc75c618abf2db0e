#include "model/zone.h"

#include <ctype.h>
#include <errno.h>
#include <idn2.h>
#include <libpsl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

#define LABEL_MAX 63

static void text_free(char **text)
{
	if (*text != NULL)
		idn2_free(*text);
}

void zone_done(struct zone *zone)
{
	label_done(&zone->labels);
}

enum zone_status zone_status(const struct zone *zone)
{
	if (zone_is_unproven(zone))
		return zone->proof == ZONE_PROOF_EXPIRED ? ZONE_ERROR : ZONE_UPDATING;
	if (zone->applied == zone->version && zone->secondary)
		return zone->contents == ZONE_CONTENTS_THERE  ? ZONE_OK
		       : zone->contents == ZONE_CONTENTS_NONE ? ZONE_UPDATING
							      : ZONE_ERROR;
	if (zone->applied == zone->version)
		return ZONE_OK;
	return zone->error[0] != '\0' ? ZONE_ERROR : ZONE_UPDATING;
}

const char *zone_status_name(enum zone_status status)
{
	static const char *const names[] = {
		[ZONE_OK] = "ok", [ZONE_UPDATING] = "updating", [ZONE_ERROR] = "error"};

	return status >= ZONE_OK && status <= ZONE_ERROR ? names[status] : "unknown";
}

static bool is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text > 0x7f)
			return false;
	return true;
}

/* Without a trailing period; the full stops of other scripts are libidn2's business. */
static int copy_typed(const char *typed, char out[ZONE_SHOWN_BYTES], struct err *err)
{
	size_t len = strlen(typed);

	if (len > 0 && typed[len - 1] == '.')
		len--;
	if (len == 0)
		return err_set(err, ERR_INVALID_INPUT, "the name of the zone is missing");
	if (len >= ZONE_SHOWN_BYTES)
		return err_set(err, ERR_INVALID_INPUT,
			       "the name is too long: 253 characters at most");
	memcpy(out, typed, len);
	out[len] = '\0';
	for (char *c = out; *c != '\0'; c++)
		*c = (char)((unsigned char)*c < 0x80 ? tolower((unsigned char)*c) : *c);
	return 0;
}

int zone_name_to_dns(const char *typed, char name[NAME_DNS_BYTES], struct err *err)
{
	char text[ZONE_SHOWN_BYTES];
	char *ascii CLEANUP(text_free) = NULL;
	int code = copy_typed(typed, text, err);

	if (code < 0)
		return code;
	if (!is_ascii(text)) {
		int idn = idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
		if (idn != IDN2_OK)
			return err_set(err, ERR_INVALID_INPUT, "%.100s is no domain name: %s", text,
				       idn2_strerror(idn));
	}
	const char *from = ascii != NULL ? ascii : text;
	if (strlen(from) >= NAME_DNS_BYTES)
		return err_set(err, ERR_INVALID_INPUT,
			       "the name is too long: 253 characters at most");
	(void)snprintf(name, NAME_DNS_BYTES, "%s", from);
	return 0;
}

/* Letters, digits, hyphens inside, and the underscores that some zones of services begin with. */
static int check_labels(const char *name, unsigned *ret_labels, struct err *err)
{
	*ret_labels = 0;
	for (const char *at = name;; at++) {
		const size_t len = strcspn(at, ".");
		if (len == 0 || len > LABEL_MAX)
			return err_set(err, ERR_INVALID_INPUT,
				       "each part of the name has 1 to 63 characters");
		if (strspn(at, "abcdefghijklmnopqrstuvwxyz0123456789-_") < len)
			return err_set(err, ERR_INVALID_INPUT,
				       "the name must be letters, digits, hyphens and periods");
		if (at[0] == '-' || at[len - 1] == '-')
			return err_set(err, ERR_INVALID_INPUT,
				       "no part of the name begins or ends with a hyphen");
		(*ret_labels)++;
		at += len;
		if (*at == '\0')
			return 0;
	}
}

static bool is_below(const char *name, const char *top)
{
	const size_t len = strlen(name), top_len = strlen(top);

	return len > top_len && name[len - top_len - 1] == '.' &&
	       strcmp(name + len - top_len, top) == 0;
}

int zone_take_name(const char *typed, char name[NAME_DNS_BYTES], char shown[ZONE_SHOWN_BYTES],
		   struct err *err)
{
	char dns[NAME_DNS_BYTES], text[ZONE_SHOWN_BYTES];
	char *unicode CLEANUP(text_free) = NULL;
	unsigned labels = 0;
	int code;

	if ((code = copy_typed(typed, text, err)) < 0 ||
	    (code = zone_name_to_dns(typed, dns, err)) < 0 ||
	    (code = check_labels(dns, &labels, err)) < 0)
		return code;
	if (labels < 2)
		return err_set(err, ERR_INVALID_INPUT,
			       "a zone has at least two parts: example.com, not %.64s", dns);
	if (psl_is_public_suffix2(psl_builtin(), dns, PSL_TYPE_ANY | PSL_TYPE_NO_STAR_RULE) == 1)
		return err_set(err, ERR_INVALID_INPUT,
			       "everybody's names are below %.200s; it cannot be a zone of yours",
			       dns);
	/* The zone that lists all others is there (RFC 6761 section 6.4: and nothing else). */
	if (is_below(dns, "invalid"))
		return err_set(err, ERR_INVALID_INPUT, "names that end with invalid are nobody's");
	if (strstr(dns, "xn--") != NULL) {
		if (idn2_to_unicode_8z8z(dns, &unicode, 0) != IDN2_OK)
			return err_set(err, ERR_INVALID_INPUT, "%.200s is no domain name", dns);
		if (is_ascii(text) && strlen(unicode) < sizeof text)
			(void)snprintf(text, sizeof text, "%s", unicode);
	}
	memcpy(name, dns, NAME_DNS_BYTES);
	memcpy(shown, text, ZONE_SHOWN_BYTES);
	return 0;
}

int zone_check_ttl(int64_t ttl, struct err *err)
{
	return ttl >= ZONE_TTL_MIN && ttl <= ZONE_TTL_MAX
		       ? 0
		       : err_set(err, ERR_INVALID_INPUT, "a TTL is %d to %d seconds", ZONE_TTL_MIN,
				 ZONE_TTL_MAX);
}

const char *zone_parent_name(enum zone_parent parent)
{
	static const char *const names[] = {"unknown", "missing", "present", "different", "before"};

	return names[parent];
}

static bool has_line(const char *text, const char *line, size_t len)
{
	while (*text != '\0') {
		const size_t here = strcspn(text, "\n");
		if (here == len && strncmp(text, line, len) == 0)
			return true;
		text += here + (text[here] == '\n');
	}
	return false;
}

enum zone_parent zone_judge_parent(const char *needed, const char *before, const char *found)
{
	enum zone_parent parent = ZONE_PARENT_MISSING;

	while (*found != '\0') {
		const size_t len = strcspn(found, "\n");
		if (len > 0 && has_line(needed, found, len))
			return ZONE_PARENT_PRESENT;
		if (len > 0 && has_line(before, found, len))
			parent = ZONE_PARENT_BEFORE;
		else if (len > 0 && parent != ZONE_PARENT_BEFORE)
			parent = ZONE_PARENT_DIFFERENT;
		found += len + (found[len] == '\n');
	}
	return parent;
}

const char *zone_roll_name(enum zone_roll roll)
{
	switch (roll) {
	case ZONE_ROLL_NONE:
		break;
	case ZONE_ROLL_ASKED:
	case ZONE_ROLL_PREPARING:
		return "preparing";
	case ZONE_ROLL_WAITING:
		return "waiting";
	case ZONE_ROLL_SETTLING:
	case ZONE_ROLL_SUBMITTED:
		return "settling";
	case ZONE_ROLL_RETIRING:
		return "retiring";
	}
	return NULL;
}

enum zone_roll zone_roll_next(enum zone_roll roll, bool told, uint32_t ksk_count, bool other_ds)
{
	/* What was asked for is not begun while another key changes. */
	if (ksk_count < 2)
		return roll == ZONE_ROLL_ASKED ? roll : ZONE_ROLL_NONE;
	if (other_ds)
		return ZONE_ROLL_WAITING;
	if (roll == ZONE_ROLL_SUBMITTED && told)
		return ZONE_ROLL_RETIRING;
	/* The name server begins by itself where one key did everything before. */
	return roll <= ZONE_ROLL_ASKED ? ZONE_ROLL_PREPARING : roll;
}

enum zone_roll zone_roll_above(enum zone_roll roll, enum zone_parent parent, bool settled)
{
	if (roll == ZONE_ROLL_WAITING && parent == ZONE_PARENT_PRESENT)
		return ZONE_ROLL_SETTLING;
	if (roll != ZONE_ROLL_SETTLING)
		return roll;
	if (parent != ZONE_PARENT_PRESENT)
		return ZONE_ROLL_WAITING;
	return settled ? ZONE_ROLL_SUBMITTED : roll;
}

const char *zone_proof_name(enum zone_proof proof)
{
	switch (proof) {
	case ZONE_PROOF_NONE:
		return "not_required";
	case ZONE_PROOF_TXT:
	case ZONE_PROOF_DELEGATION:
		return "waiting";
	case ZONE_PROOF_DONE:
		return "proven";
	case ZONE_PROOF_EXPIRED:
		break;
	}
	return "expired";
}

bool zone_is_unproven(const struct zone *zone)
{
	return zone->proof != ZONE_PROOF_NONE && zone->proof != ZONE_PROOF_DONE;
}

bool zone_has_proof(const char *records, const char *token)
{
	char wanted[sizeof ZONE_PROOF_PREFIX + ZONE_TOKEN_BYTES + 2];

	(void)snprintf(wanted, sizeof wanted, "\"" ZONE_PROOF_PREFIX "%s\"", token);
	return *token != '\0' && has_line(records, wanted, strlen(wanted));
}

bool zone_has_name_server(const char *records, const char *name)
{
	const size_t wanted = strlen(name);

	while (*records != '\0') {
		const size_t len = strcspn(records, "\n");
		if (wanted > 0 && len == wanted + 1 && records[wanted] == '.' &&
		    strncasecmp(records, name, wanted) == 0)
			return true;
		records += len + (records[len] == '\n');
	}
	return false;
}

#define TSIG_KEY_LEAST 16
#define TSIG_KEY_MOST  96

int zone_check_primary(const struct zone_primary *primary, struct err *err)
{
	static const char *const algorithms[] = {"hmac-md5", "hmac-sha1", "hmac-sha256",
						 "hmac-sha512"};
	uint8_t key[TSIG_KEY_MOST];
	size_t bytes = 0;
	bool known = false;

	if (primary->tsig_algorithm[0] == '\0' && primary->tsig_key[0] == '\0')
		return 0;
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++)
		known = known || strcmp(primary->tsig_algorithm, algorithms[i]) == 0;
	if (!known)
		return err_set(err, ERR_INVALID_INPUT,
			       "tsig_algorithm is hmac-md5, hmac-sha1, hmac-sha256 or hmac-sha512");
	const int code =
		sodium_base642bin(key, sizeof key, primary->tsig_key, strlen(primary->tsig_key),
				  NULL, &bytes, NULL, sodium_base64_VARIANT_ORIGINAL);
	explicit_bzero(key, sizeof key);
	return code == 0 && bytes >= TSIG_KEY_LEAST
		       ? 0
		       : err_set(err, ERR_INVALID_INPUT, "tsig_key is base64 of %d to %d bytes",
				 TSIG_KEY_LEAST, TSIG_KEY_MOST);
}
