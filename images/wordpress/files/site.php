<?php
// What wordpress-server(8) has WordPress itself do, as the user of the web server. A password comes on standard input, where
// no list of processes shows it.
//
// Usage: site.php install LANGUAGE TIMEZONE | password | moved OLD-URL NEW-URL
if (PHP_SAPI !== 'cli') {
	exit(1);
}
// WordPress takes these for granted.
$_SERVER += ['HTTP_HOST' => 'localhost', 'SERVER_NAME' => 'localhost', 'SERVER_PROTOCOL' => 'HTTP/1.1', 'REQUEST_METHOD' => 'GET', 'REQUEST_URI' => '/'];
$verb = $argv[1] ?? '';
if ($verb === 'install') {
	define('WP_INSTALLING', true);
}

// A new server has nobody to mail to.
function wp_mail(...$ignored) {
	return true;
}
function wp_new_blog_notification(...$ignored) {
}

function refuse(string $why): never {
	fwrite(STDERR, "wordpress-server: $why\n");
	exit(1);
}

function given_password(): string {
	$password = rtrim((string)fgets(STDIN), "\n");
	if (strlen($password) < 12) {
		refuse('a password has 12 characters or more');
	}
	return $password;
}

require '/usr/share/wordpress/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

switch ($verb) {
case 'install':
	if (!is_blog_installed()) {
		$language = $argv[2] ?? '';
		if ($language !== 'en_US' && !load_default_textdomain($language)) {
			refuse("there is no language $language");
		}
		wp_install($language === 'ja' ? 'はじめてのサイト' : 'My first site', 'admin', 'admin@' . (parse_url(WP_HOME, PHP_URL_HOST) ?: 'localhost'),
			true, '', given_password(), $language === 'en_US' ? '' : $language);
		update_option('timezone_string', $argv[3] ?? 'UTC');
		// Comments wait for the owner; links to others' sites are not announced, which is what floods are made by.
		update_option('comment_moderation', 1);
		update_option('default_ping_status', 'closed');
		update_option('default_pingback_flag', 0);
		update_option('permalink_structure', '/%postname%/');
		flush_rewrite_rules(false);
	} else {
		$user = get_user_by('login', 'admin');
		wp_set_password(given_password(), $user->ID);
	}
	break;
case 'password':
	$user = get_user_by('login', 'admin') ?: (get_users(['role' => 'administrator', 'number' => 1, 'orderby' => 'ID'])[0] ?? null);
	if ($user === null) {
		refuse('WordPress has no administrator');
	}
	wp_set_password(given_password(), $user->ID);
	WP_Session_Tokens::get_instance($user->ID)->destroy_all();
	echo $user->user_login, "\n";
	break;
case 'moved':
	[, , $old, $new] = $argv + [2 => '', 3 => ''];
	if ($old === '' || $new === '') {
		refuse('from where to where?');
	}
	update_option('home', $new);
	update_option('siteurl', $new);
	// Pictures and links inside of what was written so far.
	$wpdb->query($wpdb->prepare("UPDATE $wpdb->posts SET post_content = REPLACE(post_content, %s, %s)", "$old/", "$new/"));
	wp_cache_flush();
	break;
default:
	refuse('install, password or moved');
}
