#include "wire/probe_message.h"

#include <string.h>

#include "base/err.h"

static void write_address(struct buf *out, const struct ip *ip)
{
	write_u8(out, (uint8_t)ip->family);
	write_bytes(out, ip->bytes, sizeof ip->bytes);
}

static struct ip read_address(struct reader *in, uint8_t family)
{
	struct ip ip = {0};

	ip.family = reader_u8(in);
	reader_bytes(in, ip.bytes, sizeof ip.bytes);
	ip.prefix = ip.family == 4 ? 32 : 128;
	if (ip.family != 0 && ip.family != family)
		in->error = ERR_PROTOCOL;
	return ip.family != 0 ? ip : (struct ip){0};
}

void probe_look_write(struct buf *out, const struct probe_look *look)
{
	write_address(out, &look->ipv4);
	write_address(out, &look->ipv6);
	write_u16(out, look->ssh_port);
	write_u8(out, look->has_key);
	write_bytes(out, look->key, sizeof look->key);
	write_text(out, look->user);
	write_u8(out, look->scan);
}

int probe_look_read(struct reader *in, struct probe_look *ret)
{
	struct probe_look look = {0};

	look.ipv4 = read_address(in, 4);
	look.ipv6 = read_address(in, 6);
	look.ssh_port = reader_u16(in);
	look.has_key = reader_u8(in);
	reader_bytes(in, look.key, sizeof look.key);
	reader_text(in, look.user, sizeof look.user);
	look.scan = reader_u8(in);
	READER_FINISH(in, ret, look);
}

static void write_scan(struct buf *out, const struct probe_scan *scan)
{
	write_u8(out, scan->done);
	write_u32(out, scan->open);
	write_u32(out, scan->silent);
	write_u16(out, scan->count);
	for (size_t i = 0; i < scan->count; i++)
		write_u16(out, scan->ports[i]);
}

static void read_scan(struct reader *in, struct probe_scan *scan)
{
	scan->done = reader_u8(in);
	scan->open = reader_u32(in);
	scan->silent = reader_u32(in);
	scan->count = reader_u16(in);
	if (scan->count > PROBE_PORTS || scan->count > scan->open) {
		scan->count = 0;
		in->error = ERR_PROTOCOL;
	}
	for (size_t i = 0; i < scan->count; i++)
		scan->ports[i] = reader_u16(in);
}

void probe_answer_write(struct buf *out, const struct probe_answer *answer)
{
	write_u8(out, answer->ssh);
	write_text(out, answer->banner);
	write_text(out, answer->weak);
	write_u8(out, answer->algorithms);
	write_text(out, answer->host_key);
	write_u8(out, answer->methods);
	write_u8(out, answer->root_methods);
	write_u8(out, answer->password);
	write_u8(out, answer->user);
	write_u8(out, answer->root);
	write_u8(out, answer->default_port);
	write_scan(out, &answer->scan4);
	write_scan(out, &answer->scan6);
}

static void read_words(struct reader *in, char *out, size_t size)
{
	reader_text(in, out, size);
	for (; in->error == 0 && *out != '\0'; out++)
		if (*out < ' ' || *out > '~')
			in->error = ERR_PROTOCOL;
}

int probe_answer_read(struct reader *in, struct probe_answer *ret)
{
	struct probe_answer answer = {0};

	answer.ssh = reader_u8(in);
	read_words(in, answer.banner, sizeof answer.banner);
	read_words(in, answer.weak, sizeof answer.weak);
	answer.algorithms = reader_u8(in);
	read_words(in, answer.host_key, sizeof answer.host_key);
	answer.methods = reader_u8(in);
	answer.root_methods = reader_u8(in);
	answer.password = reader_u8(in);
	answer.user = reader_u8(in);
	answer.root = reader_u8(in);
	answer.default_port = reader_u8(in);
	read_scan(in, &answer.scan4);
	read_scan(in, &answer.scan6);
	READER_FINISH(in, ret, answer);
}

void probe_question_write(struct buf *out, const struct probe_question *question)
{
	write_address(out, &question->resolver);
	write_u16(out, question->port);
	write_u16(out, question->type);
	write_u8(out, question->exact);
	write_text(out, question->name);
	write_text(out, question->algorithm);
	write_text(out, question->key_name);
	write_text(out, question->secret);
}

int probe_question_read(struct reader *in, struct probe_question *ret)
{
	struct probe_question question = {0};

	question.resolver.family = reader_u8(in);
	reader_bytes(in, question.resolver.bytes, sizeof question.resolver.bytes);
	question.resolver.prefix = question.resolver.family == 4 ? 32 : 128;
	if (question.resolver.family != 4 && question.resolver.family != 6)
		in->error = ERR_PROTOCOL;
	question.port = reader_u16(in);
	question.type = reader_u16(in);
	question.exact = reader_u8(in);
	reader_text(in, question.name, sizeof question.name);
	reader_text(in, question.algorithm, sizeof question.algorithm);
	reader_text(in, question.key_name, sizeof question.key_name);
	reader_text(in, question.secret, sizeof question.secret);
	READER_FINISH(in, ret, question);
}

void probe_names_write(struct buf *out, const struct probe_names *names)
{
	write_u8(out, names->status);
	write_text(out, names->why);
	write_text(out, names->records);
}

int probe_names_read(struct reader *in, struct probe_names *ret)
{
	struct probe_names names = {0};

	names.status = reader_u8(in);
	reader_text(in, names.why, sizeof names.why);
	reader_text(in, names.records, sizeof names.records);
	if (names.status > PROBE_NAME_FOUND)
		in->error = ERR_PROTOCOL;
	READER_FINISH(in, ret, names);
}
