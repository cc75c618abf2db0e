#include "firststep/checklist.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "firststep/host_key.h"
#include "firststep/json.h"
#include "firststep/pending_updates.h"

void checklist_run(struct context *context, const struct item *const *items, struct checklist *ret)
{
	*ret = (struct checklist){0};
	for (; items[ret->count] != NULL && ret->count < CHECKLIST_MAX; ret->count++) {
		ret->items[ret->count] = items[ret->count];
		items[ret->count]->check(context, &ret->verdicts[ret->count]);
	}
}

enum result checklist_result(const struct checklist *checklist)
{
	enum result result = RESULT_PASS;

	for (size_t i = 0; i < checklist->count; i++) {
		if (checklist->verdicts[i].result == RESULT_FAIL)
			return RESULT_FAIL;
		if (checklist->verdicts[i].result == RESULT_UNKNOWN)
			result = RESULT_UNKNOWN;
	}
	return result;
}

static void write_verdict(const struct context *context, const struct item *item,
			  const struct verdict *verdict, struct buf *out)
{
	static const char *const marks[][2] = {
		{"PASS   ", "合格  "}, {"FAIL   ", "不合格"}, {"UNKNOWN", "不明  "}};
	const int ja = context->is_japanese;

	(void)buf_printf(out, "%s  %s  (%s)\n", marks[verdict->result][ja],
			 ja ? item->ja : item->en, item->id);
	if (verdict->result != RESULT_PASS)
		(void)buf_printf(out, "    %s\n", reason_text(verdict->reason, ja));
	for (size_t i = 0; i < verdict->count; i++)
		(void)buf_printf(out, "    - %s: %s\n", verdict->evidence[i].source,
				 verdict->evidence[i].text);
	if (verdict->left_out > 0)
		(void)buf_printf(out, ja ? "    - ほか %zu 件\n" : "    - %zu more\n",
				 verdict->left_out);
	if (verdict->result != RESULT_PASS)
		(void)buf_printf(out, "    → %s\n", reason_advice(verdict->reason, ja));
}

void checklist_write_text(const struct context *context, const struct checklist *checklist,
			  struct buf *out)
{
	size_t counts[3] = {0};

	for (size_t i = 0; i < checklist->count; i++) {
		write_verdict(context, checklist->items[i], &checklist->verdicts[i], out);
		counts[checklist->verdicts[i].result]++;
	}
	(void)buf_printf(out,
			 context->is_japanese ? "\n合格 %zu、不合格 %zu、不明 %zu\n"
					      : "\n%zu pass, %zu fail, %zu unknown\n",
			 counts[0], counts[1], counts[2]);
}

static void write_items(const struct context *context, const struct checklist *checklist,
			enum checklist_form form, struct json *json)
{
	json_open(json, "items", '[');
	for (size_t i = 0; i < checklist->count; i++) {
		const struct verdict *verdict = &checklist->verdicts[i];
		json_open(json, NULL, '{');
		json_text(json, "id", checklist->items[i]->id);
		json_text(json, "verdict", result_name(verdict->result));
		json_text(json, "reason", reason_name(verdict->reason));
		if (form != CHECKLIST_COMPACT) {
			json_text(json, "summary",
				  reason_text(verdict->reason, context->is_japanese));
			json_text(json, "advice",
				  reason_advice(verdict->reason, context->is_japanese));
		}
		json_open(json, "evidence", '[');
		for (size_t j = 0; j < verdict->count; j++) {
			json_open(json, NULL, '{');
			json_text(json, "source", verdict->evidence[j].source);
			json_text(json, "text", verdict->evidence[j].text);
			json_close(json, '}');
		}
		json_close(json, ']');
		json_close(json, '}');
	}
	json_close(json, ']');
}

/* Whether the host's agent runs is the owner's to decide, and to be seen. */
static bool has_agent(const struct tree *tree)
{
	return tree_has(tree, "/sys/fs/cgroup/system.slice/qemu-guest-agent.service") ||
	       tree_has(tree, "/sys/fs/cgroup/systemd/system.slice/qemu-guest-agent.service");
}

static void write_settings(struct context *context, struct json *json)
{
	const struct account *user = context_sudo_user(context);
	char open[PORTS_TEXT_BYTES];
	int64_t pending = -1;

	ports_format(&context->settings.open, open);
	json_open(json, "settings", '{');
	json_number(json, "ssh_port", context_ssh_port(context));
	json_text(json, "user", user != NULL ? user->name : "");
	json_text(json, "open", open);
	json_close(json, '}');
	(void)pending_security_updates(&context->tree, &pending);
	json_number(json, "pending_security", pending);
	json_bool(json, "agent", has_agent(&context->tree));
}

static void write_identity(const struct context *context, struct json *json)
{
	struct buf boot CLEANUP(buf_done) = {0};
	struct host_keys keys;

	if (tree_read(&context->tree, "/proc/sys/kernel/random/boot_id", &boot) == 0 &&
	    boot.len >= 36)
		boot.data[36] = '\0';
	json_text(json, "boot_id", buf_str(&boot));
	host_keys_load(&context->tree, &keys);
	json_open(json, "host_keys", '[');
	for (size_t i = 0; i < keys.count; i++) {
		json_open(json, NULL, '{');
		json_text(json, "type", keys.list[i].type);
		json_text(json, "public_key", keys.list[i].blob);
		json_close(json, '}');
	}
	json_close(json, ']');
}

void checklist_write_json(struct context *context, const struct checklist *checklist,
			  enum checklist_form form, struct buf *out)
{
	struct json json = {.out = out};
	char now[CLOCK_TEXT_BYTES], os[sizeof context->os];

	clock_format(clock_now_ms(), now);
	memcpy(os, context->os, sizeof os);
	evidence_clean(os);
	json_open(&json, NULL, '{');
	json_number(&json, "version", CHECKLIST_VERSION);
	json_text(&json, "program", "firststep " IPPO_VERSION);
	json_text(&json, "time", now);
	json_bool(&json, "live", context->tree.is_live);
	json_text(&json, "os", os);
	json_text(&json, "result", result_name(checklist_result(checklist)));
	if (form != CHECKLIST_PLAIN) {
		write_identity(context, &json);
		write_settings(context, &json);
	}
	write_items(context, checklist, form, &json);
	json_close(&json, '}');
	(void)buf_putc(out, '\n');
}
