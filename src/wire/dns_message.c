#include "wire/dns_message.h"

#include <stdlib.h>
#include <string.h>

void dns_job_free(struct dns_job *job)
{
	if (job == NULL)
		return;
	for (size_t i = 0; i < DNS_MESSAGE_MAX_ZONES; i++) {
		buf_done(&job->zones[i].text);
		buf_done(&job->zones[i].ds);
		buf_done(&job->zones[i].keys_seen);
		if (job->zones[i].keys.data != NULL)
			explicit_bzero(job->zones[i].keys.data, job->zones[i].keys.cap);
		buf_done(&job->zones[i].keys);
	}
	buf_done(&job->listed);
	explicit_bzero(job->servers, sizeof job->servers);
	if (job->primaries != NULL)
		explicit_bzero(job->primaries, job->primary_count * sizeof *job->primaries);
	free(job->primaries);
	free(job);
}

bool dns_job_has(const struct dns_job *job, const char *name)
{
	for (size_t i = 0; i < job->count; i++)
		if (strcmp(job->zones[i].name, name) == 0)
			return true;
	return false;
}

static void write_sets(struct buf *out, const struct dns_job_sets *sets)
{
	write_text(out, sets->owner);
	write_u8(out, (uint8_t)sets->type_count);
	for (size_t i = 0; i < sets->type_count; i++)
		write_u16(out, sets->types[i]);
	write_u8(out, sets->name_descending);
	write_u8(out, sets->type_descending);
	write_u32(out, sets->first);
	write_u32(out, sets->count);
}

void dns_job_write(struct buf *out, const struct dns_job *job)
{
	write_u8(out, job->compare);
	write_text(out, job->read);
	write_sets(out, &job->sets);
	write_text(out, job->primary);
	write_u32(out, job->catalog_floor);
	write_u8(out, job->tell_servers);
	write_u8(out, (uint8_t)job->server_count);
	for (size_t i = 0; i < job->server_count; i++) {
		write_text(out, job->servers[i].name);
		write_text(out, job->servers[i].address);
		write_u16(out, job->servers[i].port);
		write_text(out, job->servers[i].secret);
	}
	write_u16(out, (uint16_t)job->primary_count);
	for (size_t i = 0; i < job->primary_count; i++) {
		write_text(out, job->primaries[i].zone);
		write_text(out, job->primaries[i].address);
		write_u16(out, job->primaries[i].port);
		write_text(out, job->primaries[i].algorithm);
		write_text(out, job->primaries[i].secret);
	}
	write_u16(out, (uint16_t)job->removal_count);
	for (size_t i = 0; i < job->removal_count; i++)
		write_text(out, job->removals[i]);
	write_u16(out, (uint16_t)job->count);
	for (size_t i = 0; i < job->count; i++) {
		const struct dns_job_zone *zone = &job->zones[i];
		write_text(out, zone->name);
		write_slice(out, zone->text.data, zone->text.len);
		write_u32(out, zone->ttl);
		write_u32(out, zone->serial);
		write_u8(out, zone->dnssec);
		write_u8(out, zone->is_new);
		write_u8(out, zone->is_secondary);
		write_u8(out, zone->is_look);
		write_u8(out, zone->submits);
		write_u8(out, zone->rolls);
		write_slice(out, zone->keys.data, zone->keys.len);
		write_slice(out, zone->keys_seen.data, zone->keys_seen.len);
	}
}

static void take(struct reader *in, struct buf *out)
{
	const struct slice slice = reader_slice(in, DNS_MESSAGE_MAX_BYTES);

	if (in->error == 0 && buf_append(out, slice.data, slice.len) < 0)
		in->error = ERR_PROTOCOL;
}

static size_t take_count(struct reader *in)
{
	const uint16_t count = reader_u16(in);

	if (count > DNS_MESSAGE_MAX_ZONES)
		in->error = ERR_PROTOCOL;
	return in->error == 0 ? count : 0;
}

static void read_sets(struct reader *in, struct dns_job_sets *sets)
{
	reader_text(in, sets->owner, sizeof sets->owner);
	sets->type_count = reader_u8(in);
	if (sets->type_count > DNS_MESSAGE_MAX_TYPES)
		in->error = ERR_PROTOCOL;
	for (size_t i = 0; in->error == 0 && i < sets->type_count; i++)
		sets->types[i] = reader_u16(in);
	sets->name_descending = reader_u8(in) != 0;
	sets->type_descending = reader_u8(in) != 0;
	sets->first = reader_u32(in);
	sets->count = reader_u32(in);
}

static void read_servers(struct reader *in, struct dns_job *job)
{
	job->tell_servers = reader_u8(in) != 0;
	job->server_count = reader_u8(in);
	if (job->server_count > DNS_MESSAGE_MAX_SERVERS)
		in->error = ERR_PROTOCOL;
	for (size_t i = 0; in->error == 0 && i < job->server_count; i++) {
		struct dns_job_server *server = &job->servers[i];
		reader_text(in, server->name, sizeof server->name);
		reader_text(in, server->address, sizeof server->address);
		server->port = reader_u16(in);
		reader_text(in, server->secret, sizeof server->secret);
	}
}

static void read_primaries(struct reader *in, struct dns_job *job)
{
	const uint16_t count = reader_u16(in);

	if (count > DNS_MESSAGE_MAX_PRIMARIES ||
	    (count > 0 && (job->primaries = calloc(count, sizeof *job->primaries)) == NULL))
		in->error = ERR_PROTOCOL;
	for (size_t i = 0; in->error == 0 && i < count; i++) {
		struct dns_job_primary *primary = &job->primaries[i];
		job->primary_count = i + 1;
		reader_text(in, primary->zone, sizeof primary->zone);
		reader_text(in, primary->address, sizeof primary->address);
		primary->port = reader_u16(in);
		reader_text(in, primary->algorithm, sizeof primary->algorithm);
		reader_text(in, primary->secret, sizeof primary->secret);
	}
}

int dns_job_read(struct reader *in, struct dns_job *job)
{
	job->compare = reader_u8(in) != 0;
	reader_text(in, job->read, sizeof job->read);
	read_sets(in, &job->sets);
	reader_text(in, job->primary, sizeof job->primary);
	job->catalog_floor = reader_u32(in);
	read_servers(in, job);
	read_primaries(in, job);
	job->removal_count = take_count(in);
	for (size_t i = 0; i < job->removal_count; i++)
		reader_text(in, job->removals[i], sizeof job->removals[i]);
	job->count = take_count(in);
	for (size_t i = 0; i < job->count; i++) {
		struct dns_job_zone *zone = &job->zones[i];
		reader_text(in, zone->name, sizeof zone->name);
		take(in, &zone->text);
		zone->ttl = reader_u32(in);
		zone->serial = reader_u32(in);
		zone->dnssec = reader_u8(in) != 0;
		zone->is_new = reader_u8(in) != 0;
		zone->is_secondary = reader_u8(in) != 0;
		zone->is_look = reader_u8(in) != 0;
		zone->submits = reader_u8(in) != 0;
		zone->rolls = reader_u8(in) != 0;
		take(in, &zone->keys);
		take(in, &zone->keys_seen);
	}
	return reader_done(in);
}

void dns_job_write_outcome(struct buf *out, const struct dns_job *job)
{
	write_slice(out, job->listed.data, job->listed.len);
	write_u32(out, job->catalog_serial);
	write_i32(out, job->servers_code);
	write_text(out, job->servers_error);
	write_u16(out, (uint16_t)job->count);
	for (size_t i = 0; i < job->count; i++) {
		const struct dns_job_zone *zone = &job->zones[i];
		write_i32(out, zone->code);
		write_text(out, zone->error);
		write_u32(out, zone->serial);
		write_u8(out, zone->is_signed);
		write_u32(out, zone->expires_s);
		write_slice(out, zone->ds.data, zone->ds.len);
		write_u32(out, zone->ksk_count);
		write_slice(out, zone->keys.data, zone->keys.len);
		write_slice(out, zone->keys_seen.data, zone->keys_seen.len);
	}
}

int dns_job_read_outcome(struct reader *in, struct dns_job *job)
{
	take(in, &job->listed);
	job->catalog_serial = reader_u32(in);
	job->servers_code = reader_i32(in);
	reader_text(in, job->servers_error, sizeof job->servers_error);
	const size_t count = take_count(in);
	if (count > job->count)
		return ERR_PROTOCOL;
	job->count = count;
	for (size_t i = 0; i < job->count; i++) {
		struct dns_job_zone *zone = &job->zones[i];
		zone->code = reader_i32(in);
		reader_text(in, zone->error, sizeof zone->error);
		zone->serial = reader_u32(in);
		zone->is_signed = reader_u8(in) != 0;
		zone->expires_s = reader_u32(in);
		take(in, &zone->ds);
		zone->ksk_count = reader_u32(in);
		/* What was sent is in them. */
		buf_clear(&zone->keys);
		buf_clear(&zone->keys_seen);
		take(in, &zone->keys);
		take(in, &zone->keys_seen);
	}
	return reader_done(in);
}
