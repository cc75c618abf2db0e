#include "firststep/words.h"

static const char en[] =
	"firststep: a server that is safe from its first boot, and proves it\n"
	"\n"
	"  firststep check [ITEM...]      what is as it should be, with evidence\n"
	"  firststep apply [ITEM...]      put right what is not; shows the difference and asks\n"
	"  firststep confirm              keep the change: from a NEW login over SSH\n"
	"  firststep rollback             have the old state back now\n"
	"  firststep ssh-port N           move SSH: both ports, then only the new one\n"
	"  firststep allow 8080/tcp...    open ports to everybody\n"
	"  firststep user add NAME        an ordinary user with sudo (--key FILE: with that SSH "
	"key)\n"
	"  firststep report               everything as JSON, with host keys and boot id\n"
	"\n"
	"Items: initial-password sudo-user root-ssh ssh-port key-only key-permissions ssh-crypto\n"
	"       packet-filter database-closed updates logs time\n"
	"\n"
	"  --json             check: for programs\n"
	"  --lang ja|en       else by LC_ALL, LC_MESSAGES, LANG\n"
	"  --root DIR         look at (apply: change) a file tree instead of the running system\n"
	"  --yes              do not ask\n"
	"  --minutes N        time for confirm, 1 to 60; 5 unless given\n"
	"  --without-rollback change without a way back: at first boot, when nobody can confirm\n"
	"\n"
	"Exit status: 0 all pass, 1 some fail, 2 cannot tell, wrong use, or nothing was changed.\n";

static const char ja[] =
	"firststep: 最初の起動から安全で、それを示せるサーバーにします\n"
	"\n"
	"  firststep check [項目...]      正しく設定されているかを、根拠とともに表示\n"
	"  firststep apply [項目...]      正しくない設定を直す (差分を表示し、確認してから実行)\n"
	"  firststep confirm              変更を確定する (SSH で「新しく」ログインして実行)\n"
	"  firststep rollback             すぐに変更前の状態へ戻す\n"
	"  firststep ssh-port 番号        SSH のポートを移す (両方を開け、確認後に古い方を閉じる)\n"
	"  firststep allow 8080/tcp...    ポートを外部に開ける\n"
	"  firststep user add 名前        sudo を使える一般ユーザーを作る (--key ファイル: SSH "
	"鍵を登録)\n"
	"  firststep report               すべてを JSON で出力 (ホスト鍵と起動 ID を含む)\n"
	"\n"
	"項目: initial-password sudo-user root-ssh ssh-port key-only key-permissions ssh-crypto\n"
	"      packet-filter database-closed updates logs time\n"
	"\n"
	"  --json             check の結果をプログラム向けに出力\n"
	"  --lang ja|en       言語 (省略時は LC_ALL、LC_MESSAGES、LANG に従う)\n"
	"  --root DIR         動作中のシステムではなく、ファイルツリーを確認 (apply では変更) "
	"する\n"
	"  --yes              確認せずに実行する\n"
	"  --minutes N        confirm を待つ時間 (1〜60 分。省略時は 5 分)\n"
	"  --without-rollback 元に戻す準備をせずに変更する (確定する人がいない初回起動時用)\n"
	"\n"
	"終了ステータス: 0 すべて合格、1 不合格あり、2 判断できない・使い方の誤り・変更なし\n";

const char *words_help(int is_japanese)
{
	return is_japanese ? ja : en;
}
