// A line's words.
#pragma once

#include <stddef.h>

/**
 * fields_split() - cut @line at blanks, in place.
 * @most: the last field keeps what is behind it, blanks too.
 * Return: how many there are.
 */
size_t fields_split(char *line, char *fields[], size_t most);
