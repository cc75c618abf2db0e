// Passwords that are guessed first: words of cracklib's dictionary, however they are dressed up.
#pragma once

#include <stdbool.h>

#include "base/err.h"

/* Three files, .hwm, .pwd and .pwi, as cracklib-runtime makes them when it is installed. */
#define COMMON_PASSWORD_DICTIONARY "/var/cache/cracklib/cracklib_dict"

/**
 * common_password_check() - a password that its owner chose: what account_check_password() asks,
 * and not a word of the dictionary that Debian's cracklib-runtime brings.
 *
 * Digits and signs around a word, letters that are written as digits, and the same word twice do
 * not hide it; a sentence of words is no word. @password must be what somebody types, at most
 * ACCOUNT_PASSWORD_MAX_BYTES count. Reads a file of 436 KiB. Where the dictionary is not installed,
 * the first rules alone hold. Return: 0 or ERR_INVALID_INPUT.
 */
int common_password_check(const char *user_name, const char *password, struct err *err);

/** common_password_ready() - whether the dictionary is there. */
bool common_password_ready(void);
