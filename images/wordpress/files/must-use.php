<?php
/*
 * Plugin Name: This server's rules
 * Description: Plugins and themes update themselves; who the users are is not told to strangers. WordPress itself is updated by Debian.
 */
add_filter('auto_update_plugin', '__return_true');
add_filter('auto_update_theme', '__return_true');
add_filter('xmlrpc_enabled', '__return_false');

// Which half of a login was wrong is a hint for whoever guesses; other errors (a cookie, an expired session) stay.
add_filter('wp_login_errors', function ($errors) {
	foreach (['invalid_username', 'invalid_email', 'incorrect_password'] as $code) {
		if ($errors->get_error_message($code) !== '') {
			$errors->remove($code);
			$errors->add('wrong_login', __('<strong>Error:</strong> The username or password you entered is incorrect.', 'wordpress-server'));
		}
	}
	return $errors;
});
// The list of users at /wp-json/wp/v2/users is for those who have signed in.
add_filter('rest_endpoints', function ($endpoints) {
	if (!is_user_logged_in()) {
		unset($endpoints['/wp/v2/users'], $endpoints['/wp/v2/users/(?P<id>[\d]+)']);
	}
	return $endpoints;
});
