#include "core/post/letter.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "core/post/office.h"

/* @body is wiped: it may hold a link. */
static int post(struct core *core, const char *address, const char *subject, struct buf *body,
		int64_t expires_ms, uint64_t *ret_id, struct err *err)
{
	int code = body->error != 0 ? err_set(err, body->error, "no memory for a mail")
				    : office_mail(core, address, subject, buf_str(body), expires_ms,
						  ret_id, err);

	if (body->data != NULL)
		explicit_bzero(body->data, body->len);
	return code;
}

static bool is_japanese(const char *language)
{
	return strcmp(language, "en") != 0;
}

static void add_signature(struct core *core, struct buf *body)
{
	(void)buf_printf(body, "\n-- \nIppo\n%s\n", core->config->url);
}

int letter_confirm(struct core *core, const char *address, const char *language, const char *name,
		   const char *key, int64_t expires_ms, struct err *err)
{
	const char *url = core->config->url;
	struct buf body CLEANUP(buf_done) = {0};
	const bool ja = is_japanese(language);

	if (ja)
		(void)buf_printf(&body,
				 "%s さん\n\n"
				 "このメールアドレスが、あなたの連絡先として登録されました。\n"
				 "次のリンクを開いて確認すると、使われるようになります。\n\n"
				 "%s/#/confirm-mail/%s\n\n"
				 "リンクは24時間、1回だけ使えます。\n"
				 "心当たりがない場合は、何もせずにこのメールを削除してください。\n",
				 name, url, key);
	else
		(void)buf_printf(
			&body,
			"Hello %s,\n\n"
			"this mail address was given as yours. It is used once you open this "
			"link and confirm it:\n\n"
			"%s/#/confirm-mail/%s\n\n"
			"The link works once, for 24 hours.\n"
			"If you know nothing of this, do nothing and delete this mail.\n",
			name, url, key);
	add_signature(core, &body);
	return post(core, address, ja ? "メールアドレスの確認" : "Please confirm your mail address",
		    &body, expires_ms, NULL, err);
}

int letter_changed(struct core *core, const char *address, const char *language, const char *name,
		   struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	const bool ja = is_japanese(language);

	if (ja)
		(void)buf_printf(&body,
				 "%s さん\n\n"
				 "連絡先のメールアドレスが変更または削除されました。今後の連絡は、"
				 "このアドレスには届きません。\n"
				 "心当たりがない場合は、すぐにパスワードを変更し、運営者に連絡して"
				 "ください。\n",
				 name);
	else
		(void)buf_printf(
			&body,
			"Hello %s,\n\n"
			"your mail address was changed or removed. Nothing more will be sent to "
			"this one.\n"
			"If that was not you, change your password now and tell the operator.\n",
			name);
	add_signature(core, &body);
	return post(core, address,
		    ja ? "メールアドレスが変更されました" : "Your mail address was changed", &body,
		    0, NULL, err);
}

int letter_reset(struct core *core, const char *address, const char *language, const char *name,
		 const char *key, int64_t expires_ms, struct err *err)
{
	const char *url = core->config->url;
	struct buf body CLEANUP(buf_done) = {0};
	const bool ja = is_japanese(language);

	if (ja)
		(void)buf_printf(&body,
				 "%s さん\n\n"
				 "パスワードを忘れたという連絡を受けました。次のリンクで新しい"
				 "パスワードを設定できます。\n\n"
				 "%s/#/new-password/%s\n\n"
				 "リンクは1時間、1回だけ使えます。2段階認証を使っている場合は、"
				 "そのコードも必要です。\n"
				 "心当たりがない場合は、何もする必要はありません。今のパスワードは"
				 "そのまま使えます。\n",
				 name, url, key);
	else
		(void)buf_printf(
			&body,
			"Hello %s,\n\n"
			"somebody told us that you forgot your password. With this link you set "
			"a new one:\n\n"
			"%s/#/new-password/%s\n\n"
			"The link works once, for one hour. If you use two-step verification you "
			"need its code as well.\n"
			"If that was not you, there is nothing to do: your password is still the "
			"same.\n",
			name, url, key);
	add_signature(core, &body);
	return post(core, address, ja ? "パスワードの再設定" : "Set a new password", &body,
		    expires_ms, NULL, err);
}

int letter_answer(struct core *core, const char *address, const char *language, const char *name,
		  const char *subject, const char *text, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};
	const bool ja = is_japanese(language);

	if (ja)
		(void)buf_printf(
			&body,
			"%s さん\n\n"
			"お問い合わせ「%s」に回答がありました。\n\n%s\n\n"
			"返信はパネルのお問い合わせから送ってください。このメールに返信しても"
			"届きません。\n",
			name, subject, text);
	else
		(void)buf_printf(
			&body,
			"Hello %s,\n\n"
			"there is an answer to what you wrote, \"%s\":\n\n%s\n\n"
			"Please write back in the panel; nobody reads answers to this mail.\n",
			name, subject, text);
	add_signature(core, &body);
	return post(core, address, ja ? "お問い合わせへの回答" : "An answer to what you wrote",
		    &body, 0, NULL, err);
}

int letter_contact(struct core *core, const char *address, const char *customer, const char *author,
		   const char *subject, const char *text, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};

	(void)buf_printf(&body,
			 "お問い合わせ / A message from a customer\n\n"
			 "契約 / Account: %s\n"
			 "差出人 / From: %s\n"
			 "件名 / Subject: %s\n\n%s\n",
			 customer, author, subject, text);
	add_signature(core, &body);
	return post(core, address, "お問い合わせ / Contact", &body, 0, NULL, err);
}

int letter_old_image(struct core *core, const char *address, const struct image *image,
		     int64_t days, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};

	(void)buf_printf(&body,
			 "イメージ「%s」は、作成から%" PRId64 "日たちました。\n"
			 "The image \"%s\" is %" PRId64 " days old.\n\n"
			 "新しいサーバーは、この間に出たセキュリティ更新がない状態で始まります。"
			 "次のコマンドで作り直せます。\n"
			 "New servers begin without the security updates since then. This makes it "
			 "anew:\n\n"
			 "  ippo image refresh %s --recipe RECIPE\n",
			 image->name, days, image->name, days, image->name);
	if (image->updates.unknown == IMAGE_KNOWN)
		(void)buf_printf(&body,
				 "\n未適用の更新 / Pending updates: %" PRIu64
				 " (うちセキュリティ / of security: %" PRIu64 ")\n",
				 image->updates.pending, image->updates.security);
	add_signature(core, &body);
	return post(core, address, "古くなったイメージ / An old image", &body, 0, NULL, err);
}

int letter_new_ds(struct core *core, const char *address, const char *language, const char *zone,
		  uint64_t zone_id, const char *ds, struct err *err)
{
	const char *url = core->config->url;
	struct buf body CLEANUP(buf_done) = {0};
	const bool ja = is_japanese(language);

	if (ja)
		(void)buf_printf(
			&body,
			"ゾーン %s の新しい鍵の用意ができました。\n"
			"次のDSレコードをレジストラに登録してください。\n\n"
			"%s\n"
			"登録が確認されるまで、古い鍵も新しい鍵も有効です。急ぐ必要はありません。"
			"古いDSレコードは、新しいものを登録したあとに削除できます。\n\n"
			"%s/#/zones/%" PRIu64 "\n",
			zone, ds, url, zone_id);
	else
		(void)buf_printf(
			&body,
			"The new key of the zone %s is ready.\n"
			"Please hand these DS records to your registrar:\n\n"
			"%s\n"
			"Until they are seen there, both keys are valid; there is no hurry. The "
			"old DS record can go once the new one is there.\n\n"
			"%s/#/zones/%" PRIu64 "\n",
			zone, ds, url, zone_id);
	add_signature(core, &body);
	return post(core, address,
		    ja ? "新しいDSレコードをレジストラに登録してください"
		       : "A new DS record for your registrar",
		    &body, 0, NULL, err);
}

int letter_test(struct core *core, const char *address, uint64_t *ret_id, struct err *err)
{
	struct buf body CLEANUP(buf_done) = {0};

	(void)buf_puts(&body, "このメールが届いていれば、メールの設定は正しく動いています。\n"
			      "If you read this, mail works.\n");
	add_signature(core, &body);
	return post(core, address, "テスト / Test", &body, 0, ret_id, err);
}
