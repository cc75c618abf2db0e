#include "wire/post_message.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"

void post_message_write(struct buf *out, const struct post_message *message)
{
	write_u8(out, message->kind);
	write_u64(out, message->id);
	write_u64(out, message->created_ms);
	write_u32(out, message->attempt);
	write_text(out, message->recipient);
	write_text(out, message->subject);
	write_text(out, message->body);
	write_text(out, message->secret);
}

int post_message_read(struct reader *in, struct post_message *ret)
{
	struct post_message message CLEANUP(post_message_done) = {0};

	message.kind = reader_u8(in);
	message.id = reader_u64(in);
	message.created_ms = reader_u64(in);
	message.attempt = reader_u32(in);
	message.recipient = reader_text_dup(in, POST_MESSAGE_TEXT_MAX);
	message.subject = reader_text_dup(in, POST_MESSAGE_TEXT_MAX);
	message.body = reader_text_dup(in, POST_MESSAGE_TEXT_MAX);
	message.secret = reader_text_dup(in, POST_MESSAGE_TEXT_MAX);
	if (message.recipient == NULL || message.subject == NULL || message.body == NULL ||
	    message.secret == NULL || reader_done(in) < 0)
		return ERR_PROTOCOL;
	*ret = message;
	message = (struct post_message){0};
	return 0;
}

static void forget(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

void post_message_done(struct post_message *message)
{
	free(message->recipient);
	free(message->subject);
	forget(message->body);
	forget(message->secret);
	*message = (struct post_message){0};
}
