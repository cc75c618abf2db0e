// The help's text.
#pragma once

const char *words_help(int is_japanese);
