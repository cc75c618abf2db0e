// Tries to log in to an SSH server, and sees what it lets in. The protocol is libssh's.
#pragma once

#include "wire/probe_message.h"

/** login_setup() - libssh's own beginning, while files can be read. 0 or negative. */
int login_setup(void);

/** login_try() - as @look's user and as root; fills in methods, password, user, root and host_key
 * of @answer. Ends by itself within LOGIN_MAX_S for each of the two. */
#define LOGIN_MAX_S 20
void login_try(const struct ip *ip, const struct probe_look *look, struct probe_answer *answer);
