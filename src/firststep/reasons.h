// Every reason a verdict can have: its stable name, and what people are told in English and
// Japanese.
#pragma once

/*
 * X(name, English, Japanese, what to do in English, in Japanese). The name never changes once
 * released.
 */
#define REASON_LIST(X)                                                                             \
	X(OK, "as it should be", "問題ありません", "", "")                                         \
	X(NEEDS_ROOT, "not readable without root's rights", "root 権限がないと読めません",         \
	  "Run it again as root: sudo firststep check",                                            \
	  "root 権限で実行し直してください: sudo firststep check")                                 \
	X(UNREADABLE, "a file could not be read or understood",                                    \
	  "ファイルを読めないか、内容を解釈できません", "Look at the file named in the evidence",  \
	  "根拠に挙げたファイルを確認してください")                                                \
	X(NO_SUCH_PART, "this system does not have what is to be checked",                         \
	  "確認の対象がこのシステムにありません",                                                  \
	  "Nothing needs to be done if that is on purpose",                                        \
	  "意図したものであれば、何もする必要はありません")                                        \
	X(EMPTY_PASSWORD, "an account has no password at all",                                     \
	  "パスワードが空のアカウントがあります", "Lock it: passwd -l NAME",                       \
	  "ロックしてください: passwd -l 名前")                                                    \
	X(WEAK_HASH, "a password is kept in a form that is easily broken",                         \
	  "パスワードが、破られやすい古い形式で保存されています", "Set it anew: passwd NAME",      \
	  "設定し直してください: passwd 名前")                                                     \
	X(INITIAL_PASSWORD, "a password has not been changed since the server was made",           \
	  "サーバー作成時のパスワードが変更されていません",                                        \
	  "Change it (passwd NAME) or lock it (passwd -l NAME)",                                   \
	  "変更する (passwd 名前) か、ロックしてください (passwd -l 名前)")                        \
	X(NO_SUDO_USER, "no ordinary user may use sudo", "sudo を使える一般ユーザーがいません",    \
	  "Make one: firststep user add NAME", "作成してください: firststep user add 名前")        \
	X(SUDO_USER_WITHOUT_KEY, "the user with sudo has no SSH key to log in with",               \
	  "sudo を使えるユーザーに、ログイン用の SSH 鍵が登録されていません",                      \
	  "Give it one: firststep user add NAME --key FILE",                                       \
	  "鍵を登録してください: firststep user add 名前 --key ファイル")                          \
	X(SUDOERS_BROKEN, "the rules of sudo have a mistake", "sudo の設定に誤りがあります",       \
	  "Look with visudo -c", "visudo -c で確認してください")                                   \
	X(ROOT_LOGIN, "root can log in over SSH", "root が SSH でログインできます",                \
	  "firststep apply root-ssh", "firststep apply root-ssh を実行してください")               \
	X(MATCH_ROOT, "a Match block lets root log in over SSH",                                   \
	  "Match ブロックの設定により、root が SSH でログインできます",                            \
	  "Take PermitRootLogin out of that Match block",                                          \
	  "その Match ブロックから PermitRootLogin を取り除いてください")                          \
	X(OTHER_PORT, "SSH is not on the port that was chosen",                                    \
	  "SSH のポートが、選んだものと違います", "firststep ssh-port N",                          \
	  "firststep ssh-port 番号 を実行してください")                                            \
	X(PORT_NOT_OPEN, "nothing listens on the port of SSH",                                     \
	  "SSH のポートで待ち受けているものがありません", "Start it: systemctl restart ssh",       \
	  "起動してください: systemctl restart ssh")                                               \
	X(OLD_PORT_OPEN, "SSH also listens on another port",                                       \
	  "SSH が別のポートでも待ち受けています", "firststep ssh-port N",                          \
	  "firststep ssh-port 番号 を実行してください")                                            \
	X(PASSWORD_LOGIN, "SSH lets people log in with a password",                                \
	  "SSH でパスワードによるログインができます", "firststep apply key-only",                  \
	  "firststep apply key-only を実行してください")                                           \
	X(MATCH_PASSWORD, "a Match block lets people log in without a key",                        \
	  "Match ブロックの設定により、鍵なしでログインできます",                                  \
	  "Take that setting out of the Match block",                                              \
	  "その設定を Match ブロックから取り除いてください")                                       \
	X(OTHER_METHODS, "SSH accepts other methods than public keys",                             \
	  "SSH が公開鍵以外の認証方式も受け付けます", "firststep apply key-only",                  \
	  "firststep apply key-only を実行してください")                                           \
	X(LOOSE_MODE, "others may read or change what belongs to SSH keys",                        \
	  "SSH 鍵に関するファイルを、ほかのユーザーが読み書きできます",                            \
	  "firststep apply key-permissions", "firststep apply key-permissions を実行してください") \
	X(WRONG_OWNER, "a file of SSH keys belongs to somebody else",                              \
	  "SSH 鍵のファイルの所有者が違います", "chown it to its user",                            \
	  "chown で本人の所有にしてください")                                                      \
	X(WEAK_CRYPTO, "SSH offers weak algorithms", "SSH が弱い暗号方式を提供しています",         \
	  "firststep apply ssh-crypto", "firststep apply ssh-crypto を実行してください")           \
	X(NO_HOST_KEY, "SSH has no strong host key of its own",                                    \
	  "SSH に十分な強度のホスト鍵がありません", "ssh-keygen -A, and restart SSH",              \
	  "ssh-keygen -A を実行し、SSH を再起動してください")                                      \
	X(HOST_KEY_READABLE, "others may read a host key", "ホスト鍵をほかのユーザーが読めます",   \
	  "chmod 600 it", "chmod 600 を実行してください")                                          \
	X(NO_FILTER, "no packet filter is on", "パケットフィルターが有効になっていません",         \
	  "firststep apply packet-filter", "firststep apply packet-filter を実行してください")     \
	X(FILTER_OPEN, "the packet filter accepts what nobody asked for",                          \
	  "パケットフィルターが、指定のない通信も通します", "firststep apply packet-filter",       \
	  "firststep apply packet-filter を実行してください")                                      \
	X(FILTER_ONE_FAMILY, "the packet filter leaves IPv4 or IPv6 open",                         \
	  "パケットフィルターが IPv4 か IPv6 の一方にしか効いていません",                          \
	  "firststep apply packet-filter", "firststep apply packet-filter を実行してください")     \
	X(UNWANTED_PORT, "the packet filter opens a port that is not wanted",                      \
	  "パケットフィルターで、指定のないポートが開いています",                                  \
	  "Close it, or say that it is wanted: firststep allow N/tcp",                             \
	  "閉じるか、必要なら登録してください: firststep allow 番号/tcp")                          \
	X(FILTER_UNCLEAR, "the packet filter has rules that firststep cannot judge",               \
	  "firststep では判断できない規則がパケットフィルターにあります",                          \
	  "Look at it yourself: nft list ruleset", "nft list ruleset でご確認ください")            \
	X(DATABASE_OPEN, "a database listens to the world",                                        \
	  "データベースが外部に向けて待ち受けています",                                            \
	  "Bind it to 127.0.0.1 in its settings, and restart it",                                  \
	  "設定で 127.0.0.1 だけで待ち受けるようにし、再起動してください")                         \
	X(NO_UPDATES, "security updates do not install themselves",                                \
	  "セキュリティ更新が自動で適用されません", "firststep apply updates",                     \
	  "firststep apply updates を実行してください")                                            \
	X(UPDATES_BY_HAND, "security updates are installed by hand, as was chosen",                \
	  "セキュリティ更新は手動で適用します (選んだ設定のとおりです)",                           \
	  "Install them yourself every week, or take updates = manual out of /etc/firststep.conf", \
	  "毎週ご自分で適用するか、/etc/firststep.conf の updates = manual を取り除いてください")  \
	X(REBOOT_OTHER, "whether it reboots after updates is not as was chosen",                   \
	  "更新後に自動で再起動するかどうかが、選んだものと違います", "firststep apply updates",   \
	  "firststep apply updates を実行してください")                                            \
	X(UPDATES_STUCK, "no update has succeeded for a week",                                     \
	  "1 週間以上、更新に成功していません",                                                    \
	  "Look into /var/log/unattended-upgrades or journalctl",                                  \
	  "/var/log/unattended-upgrades か journalctl を確認してください")                         \
	X(LOGS_IN_MEMORY, "logs are gone after a reboot", "再起動するとログが消えます",            \
	  "firststep apply logs", "firststep apply logs を実行してください")                       \
	X(LOGS_UNDECIDED, "how long logs are kept has not been decided",                           \
	  "ログの保存期間が決められていません", "firststep apply logs",                            \
	  "firststep apply logs を実行してください")                                               \
	X(LOGS_SHORT, "logs are kept for a shorter time than chosen",                              \
	  "ログの保存期間が、選んだものより短くなっています", "firststep apply logs",              \
	  "firststep apply logs を実行してください")                                               \
	X(NO_TIME_SERVICE, "nothing keeps the clock right",                                        \
	  "時刻を合わせる仕組みが動いていません", "firststep apply time",                          \
	  "firststep apply time を実行してください")                                               \
	X(TIME_WRONG, "the clock is not synchronised", "時刻が同期されていません",                 \
	  "Wait a few minutes after a boot; then look with timedatectl",                           \
	  "起動後は数分待ち、その後 timedatectl で確認してください")

enum reason {
#define X(name, en, ja, do_en, do_ja) REASON_##name,
	REASON_LIST(X)
#undef X
};

/** reason_name() - "root_login", the stable string. */
const char *reason_name(enum reason reason);
const char *reason_text(enum reason reason, int is_japanese);
const char *reason_advice(enum reason reason, int is_japanese);
