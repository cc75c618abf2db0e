#include "core/auth/common_password.h"

#include <ctype.h>
#include <packer.h>
#include <string.h>

#include "model/account.h"

#define LEAST_WORD 4 /* letters; shorter ones are in every password */

/* No word of a dictionary: what the library answers for it, it answers for all that it has not. */
#define NO_WORD "\001"

struct form {
	char text[MAXWORDLEN];
	size_t length;
};

static bool is_word(PWDICT *dictionary, const char *text, size_t length)
{
	char word[MAXWORDLEN], none[] = NO_WORD;

	if (length < LEAST_WORD || length >= sizeof word)
		return false;
	memcpy(word, text, length);
	word[length] = '\0';
	return FindPW(dictionary, word) != FindPW(dictionary, none);
}

static bool is_word_or_twice(PWDICT *dictionary, const struct form *form)
{
	const size_t half = form->length / 2;

	return is_word(dictionary, form->text, form->length) ||
	       (form->length % 2 == 0 && memcmp(form->text, form->text + half, half) == 0 &&
		is_word(dictionary, form->text, half));
}

static char letter_for(char sign)
{
	static const char signs[] = "@4310$57!", letters[] = "aaelosstl";
	const char *at = sign != '\0' ? strchr(signs, sign) : NULL;

	return at != NULL ? letters[at - signs] : sign;
}

/* What stands between the first and the last letter, in lower case. False when it is too long for a
 * word. */
static bool take_core(const char *password, struct form *form)
{
	const char *end = password + strlen(password);

	while (*password != '\0' && !isalpha((unsigned char)*password))
		password++;
	while (end > password && !isalpha((unsigned char)end[-1]))
		end--;
	form->length = (size_t)(end - password);
	if (form->length >= sizeof form->text)
		return false;
	for (size_t i = 0; i < form->length; i++)
		form->text[i] = (char)tolower((unsigned char)password[i]);
	return true;
}

/* "p@ssw0rd" is "password"; and what is written as it is goes first: "4ever" has letters enough. */
static bool is_dressed_word(PWDICT *dictionary, const char *password)
{
	struct form form;

	if (!take_core(password, &form))
		return false;
	if (is_word_or_twice(dictionary, &form))
		return true;
	for (size_t i = 0; i < form.length; i++)
		form.text[i] = letter_for(form.text[i]);
	return is_word_or_twice(dictionary, &form);
}

/* 123456789012, 987654321098, abcdefghijkl: each character is the next one, or the one before. */
static bool is_run(const char *password)
{
	size_t up = 0, down = 0, length = strlen(password);

	for (size_t i = 1; i < length; i++) {
		const int before = (unsigned char)password[i - 1], now = (unsigned char)password[i];
		up += now == before + 1 || (before == '9' && now == '0');
		down += now == before - 1 || (before == '0' && now == '9');
	}
	return up == length - 1 || down == length - 1;
}

bool common_password_ready(void)
{
	PWDICT *dictionary = PWOpen(COMMON_PASSWORD_DICTIONARY, (char[]){"r"});

	if (dictionary != NULL)
		(void)PWClose(dictionary);
	return dictionary != NULL;
}

int common_password_check(const char *user_name, const char *password, struct err *err)
{
	int code = account_check_password(user_name, password, err);
	PWDICT *dictionary;
	bool known;

	if (code < 0)
		return code;
	known = is_run(password);
	dictionary = known ? NULL : PWOpen(COMMON_PASSWORD_DICTIONARY, (char[]){"r"});
	if (dictionary != NULL) {
		known = is_dressed_word(dictionary, password);
		(void)PWClose(dictionary);
	}
	return known ? err_set(err, ERR_INVALID_INPUT,
			       "the password is one of those that are guessed first: a sentence of "
			       "several words is better")
		     : 0;
}
