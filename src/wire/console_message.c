#include "wire/console_message.h"

#include "base/cleanup.h"
#include "base/err.h"

/* One of two values, 1 and 2, as kinds and modes are. */
static uint8_t read_one_or_two(struct reader *in)
{
	uint8_t value = reader_u8(in);

	if (value != 1 && value != 2)
		in->error = ERR_PROTOCOL;
	return value;
}

void console_open_write(struct buf *out, const struct console_open *open)
{
	write_u64(out, open->console_id);
	write_u8(out, open->kind);
	write_u8(out, open->mode);
	write_u32(out, open->idle_ms);
	write_u32(out, open->life_ms);
	write_text(out, open->greeting);
}

int console_open_read(struct reader *in, struct console_open *ret)
{
	struct console_open open = {0};

	open.console_id = reader_u64(in);
	open.kind = read_one_or_two(in);
	open.mode = read_one_or_two(in);
	open.idle_ms = reader_u32(in);
	open.life_ms = reader_u32(in);
	reader_text(in, open.greeting, sizeof open.greeting);
	READER_FINISH(in, ret, open);
}

void console_close_write(struct buf *out, const struct console_close *close)
{
	write_u16(out, close->code);
	write_text(out, close->reason);
}

int console_close_read(struct reader *in, struct console_close *ret)
{
	struct console_close close = {0};

	close.code = reader_u16(in);
	reader_text(in, close.reason, sizeof close.reason);
	READER_FINISH(in, ret, close);
}

void console_ended_write(struct buf *out, const struct console_ended *ended)
{
	write_u16(out, ended->code);
	write_u64(out, ended->bytes_to_guest);
	write_u64(out, ended->bytes_from_guest);
}

int console_ended_read(struct reader *in, struct console_ended *ret)
{
	struct console_ended ended = {0};

	ended.code = reader_u16(in);
	ended.bytes_to_guest = reader_u64(in);
	ended.bytes_from_guest = reader_u64(in);
	READER_FINISH(in, ret, ended);
}

void host_console_open_write(struct buf *out, const struct host_console_open *open)
{
	write_bytes(out, open->uuid, UUID_BYTES);
	write_u64(out, open->console_id);
	write_u8(out, open->kind);
	write_u8(out, open->mode);
	write_u64(out, open->from);
	write_text(out, open->label);
}

int host_console_open_read(struct reader *in, struct host_console_open *ret)
{
	struct host_console_open open = {0};

	reader_bytes(in, open.uuid, UUID_BYTES);
	open.console_id = reader_u64(in);
	open.kind = read_one_or_two(in);
	open.mode = read_one_or_two(in);
	open.from = reader_u64(in);
	reader_text(in, open.label, sizeof open.label);
	READER_FINISH(in, ret, open);
}

void host_console_text_write(struct buf *out, const struct host_console_text *text)
{
	write_bytes(out, text->uuid, UUID_BYTES);
	write_u64(out, text->from);
	write_u32(out, text->max_bytes);
}

int host_console_text_read(struct reader *in, struct host_console_text *ret)
{
	struct host_console_text text = {0};

	reader_bytes(in, text.uuid, UUID_BYTES);
	text.from = reader_u64(in);
	text.max_bytes = reader_u32(in);
	READER_FINISH(in, ret, text);
}

const char *console_kind_name(uint8_t kind)
{
	return kind == CONSOLE_SERIAL ? "serial" : kind == CONSOLE_VNC ? "vnc" : "unknown";
}

const char *console_mode_name(uint8_t mode)
{
	return mode == CONSOLE_VIEW ? "view" : mode == CONSOLE_CONTROL ? "control" : "unknown";
}

const char *console_code_name(uint16_t code)
{
	static const struct {
		uint16_t code;
		const char *name;
	} names[] = {
		{CONSOLE_NORMAL, "closed"},     {CONSOLE_GOING_AWAY, "going_away"},
		{CONSOLE_PROTOCOL, "protocol"}, {CONSOLE_DROPPED, "dropped"},
		{CONSOLE_TOO_BIG, "too_big"},   {CONSOLE_REFUSED, "refused"},
		{CONSOLE_CUT, "cut"},           {CONSOLE_IDLE, "idle"},
		{CONSOLE_LIFE, "life"},         {CONSOLE_LIMIT, "limit"},
		{CONSOLE_OFF, "off"},           {CONSOLE_DELETED, "deleted"},
		{CONSOLE_LOST, "lost"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].code == code)
			return names[i].name;
	return "unknown";
}
