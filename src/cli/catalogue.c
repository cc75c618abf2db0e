// ippo image, plan, location and pool: what servers are made of and where.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/parse.h"
#include "cli/api.h"
#include "cli/print.h"
#include "cli/recipe.h"
#include "cli/request.h"

#define CHECK_WAIT_S 900

static const char *number_text(const json_t *object, const char *path, char out[24])
{
	(void)snprintf(out, 24, "%lld", (long long)json_number(object, path));
	return out;
}

/* Adds a number option to a body; a value that is not a number is a usage error. */
static bool add_number(const struct invocation *invocation, json_t *body, const char *option,
		       const char *key, json_int_t fallback)
{
	const char *text = option_text(invocation, option);
	uint64_t value = (uint64_t)fallback;

	if (text != NULL && parse_u64(text, 0, INT64_MAX, &value) < 0) {
		(void)fprintf(stderr, "ippo: --%s takes a whole number, not \"%s\"\n", option,
			      text);
		return false;
	}
	(void)json_object_set_new(body, key, json_integer((json_int_t)value));
	return true;
}

static int post(struct invocation *invocation, const char *path, json_t *body, int fd,
		const char *key, bool wait)
{
	struct err err = {0};
	json_t *reply = NULL;
	int code = api_call(invocation->api, "POST", path, body, fd, &reply, &err);

	json_decref(body);
	return code < 0 ? print_failure(&err) : request_finish(invocation, reply, key, wait);
}

static int64_t age_days(const json_t *image)
{
	const char *built = json_string_value(json_object_get(image, "built"));
	int64_t born_ms;

	return parse_time(built != NULL ? built : json_text(image, "created"), &born_ms) == 0
		       ? (clock_now_ms() - born_ms) / (INT64_C(86400) * 1000)
		       : 0;
}

static const char *reason_text(const json_t *image)
{
	static const struct {
		const char *reason, *text;
	} reasons[] = {{"no_package_list", "no package list came with it"},
		       {"not_checked_yet", "nobody has looked yet"},
		       {"archive_unreachable", "the archive does not answer"},
		       {"other_release", "the host's apt sources are of another release"},
		       {"check_failed", "the look failed"}};
	const char *reason = json_text(image, "updates.reason");

	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (strcmp(reason, reasons[i].reason) == 0)
			return reasons[i].text;
	return reason;
}

/* "3, 1 of security", or "unknown" for a table; "-" while nothing is known at all. */
static void updates_text(const json_t *image, char *out, size_t size)
{
	const json_t *updates = json_object_get(image, "updates");

	if (json_is_string(json_object_get(updates, "reason")))
		(void)snprintf(out, size, "unknown");
	else
		(void)snprintf(out, size, "%lld/%lld", (long long)json_number(updates, "security"),
			       (long long)json_number(updates, "pending"));
}

static void image_row(struct table *table, const json_t *image)
{
	char id[24], disk[24], age[24], updates[56];

	(void)snprintf(age, sizeof age, "%" PRId64, age_days(image));
	updates_text(image, updates, sizeof updates);
	table_row(table, number_text(image, "id", id), json_text(image, "name"),
		  json_text(image, "status"), json_text(image, "os_flavor"),
		  json_text(image, "os_version"), number_text(image, "disk_size", disk), age,
		  updates);
}

static void made_row(struct table *table, const json_t *image)
{
	char id[24], disk[24], size[24] = "";
	const json_t *bytes = json_object_get(image, "image_size");

	if (json_is_number(bytes))
		(void)snprintf(size, sizeof size, "%.2f", json_number_value(bytes));
	table_row(table, number_text(image, "id", id), json_text(image, "type"),
		  json_text(image, "status"), json_text(image, "created_from.name"),
		  json_text(image, "created"), size, number_text(image, "disk_size", disk),
		  json_text(image, "description"));
}

/* Images that servers are made from at first, or with --type those that were made of servers. */
static int image_list(struct invocation *invocation)
{
	const char *type = option_text(invocation, "type");
	struct buf path CLEANUP(buf_done) = {0};

	if (type == NULL)
		return request_list(
			invocation, "/images?sort=id:asc&type=system&type=app", "images",
			"ID NAME STATUS SYSTEM VERSION DISK-GB AGE-DAYS SECURITY/UPDATES",
			image_row,
			"There are no images. `ippo image import NAME --file FILE` brings one in.");
	AUTO_FREE char *escaped = api_escape(type);
	(void)buf_printf(&path, "/images?sort=id:asc&type=%s", escaped);
	if (strcmp(type, "snapshot") == 0 || strcmp(type, "backup") == 0)
		return request_list(invocation, buf_str(&path), "images",
				    "ID TYPE STATUS SERVER CREATED GB DISK-GB DESCRIPTION",
				    made_row,
				    "There are none. `ippo server create-image SERVER` makes a "
				    "snapshot, `ippo server enable-backup SERVER` a backup each "
				    "day.");
	return request_list(invocation, buf_str(&path), "images",
			    "ID NAME STATUS SYSTEM VERSION DISK-GB AGE-DAYS SECURITY/UPDATES",
			    image_row, "There are none.");
}

static void print_updates(const json_t *image)
{
	const json_t *updates = json_object_get(image, "updates");
	const char *message = json_string_value(json_object_get(updates, "message"));

	if (json_is_string(json_object_get(updates, "checked")))
		print_field("Updates", "%lld pending, %lld of security (looked at %s)",
			    (long long)json_number(updates, "pending"),
			    (long long)json_number(updates, "security"),
			    json_text(updates, "checked"));
	if (!json_is_string(json_object_get(updates, "reason")))
		return;
	if (json_is_string(json_object_get(updates, "unknown_since")))
		print_field("Updates now", "unknown since %s: %s",
			    json_text(updates, "unknown_since"), reason_text(image));
	else
		print_field("Updates now", "unknown: %s", reason_text(image));
	if (message != NULL)
		print_field("Reason", "%s", message);
}

static void image_print(const json_t *image)
{
	if (json_is_string(json_object_get(image, "name")))
		print_field("Name", "%s", json_text(image, "name"));
	print_field("ID", "%lld", (long long)json_number(image, "id"));
	print_field("Type", "%s", json_text(image, "type"));
	print_field("Status", "%s", json_text(image, "status"));
	if (json_is_object(json_object_get(image, "created_from")))
		print_field("Made of", "server %s", json_text(image, "created_from.name"));
	if (json_is_true(json_object_get(json_object_get(image, "protection"), "delete")))
		print_field("Protected", "from deletion");
	print_field("System", "%s %s", json_text(image, "os_flavor"),
		    json_text(image, "os_version"));
	print_field("Description", "%s", json_text(image, "description"));
	print_field("Disk", "%lld GB", (long long)json_number(image, "disk_size"));
	print_field("Created", "%s", json_text(image, "created"));
	if (json_is_string(json_object_get(image, "built")))
		print_field("Built", "%s", json_text(image, "built"));
	print_field("Age", "%" PRId64 " days", age_days(image));
	print_updates(image);
}

static int image_show(struct invocation *invocation)
{
	return request_show(invocation, "images", "images", "image", image_print);
}

static void add_packages(json_t *body, const struct buf *packages)
{
	if (packages->len > 0)
		(void)json_object_set_new(
			body, "packages",
			json_stringn((const char *)packages->data, packages->len));
}

static int image_import(struct invocation *invocation)
{
	const char *file = option_text(invocation, "file"), *url = option_text(invocation, "url");
	const char *list = option_text(invocation, "packages");
	struct buf packages CLEANUP(buf_done) = {0};
	json_t *body;
	AUTO_CLOSE int fd = -1;
	int code;

	if ((file == NULL) == (url == NULL)) {
		(void)fputs("ippo: give either --file or --url\n", stderr);
		return EXIT_USAGE;
	}
	if (file != NULL && (fd = open(file, O_RDONLY | O_CLOEXEC)) < 0) {
		(void)fprintf(stderr, "ippo: cannot read %s: %s\n", file, strerror(errno));
		return EXIT_USAGE;
	}
	if (list != NULL &&
	    (code = fd_read_file(AT_FDCWD, list, RECIPE_PACKAGES_MAX_BYTES, &packages)) < 0) {
		(void)fprintf(stderr, "ippo: cannot read %s: %s\n", list, strerror(-code));
		return EXIT_USAGE;
	}
	body = json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:s*, s:s*}", "name",
			 invocation->positionals[0], "type", option_text(invocation, "type"), "url",
			 url, "checksum", option_text(invocation, "checksum"), "description",
			 option_text(invocation, "description"), "os_flavor",
			 option_text(invocation, "os-flavor"), "os_version",
			 option_text(invocation, "os-version"));
	add_packages(body, &packages);
	return post(invocation, "/images", body, fd, "image", !option_given(invocation, "no-wait"));
}

/* Tells a person; a recipe that failed is not what was typed wrongly. */
static int recipe_failure(const struct err *err)
{
	(void)fprintf(stderr, "ippo: %s\n", err->text);
	if (err->code == ERR_NOT_FOUND)
		return EXIT_NOT_FOUND;
	return err->code == ERR_SERVER ? EXIT_ACTION_FAILED : EXIT_USAGE;
}

static const char *or_nothing(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

static const char *said_or(const struct invocation *invocation, const char *option,
			   const char *by_recipe)
{
	const char *said = option_text(invocation, option);

	return said != NULL ? said : or_nothing(by_recipe);
}

static int image_build(struct invocation *invocation)
{
	const char *name = invocation->positionals[1];
	struct buf packages CLEANUP(buf_done) = {0};
	struct recipe recipe = {0};
	struct err err = {0};

	int code = recipe_find(invocation->positionals[0], &recipe, &err);
	if (code < 0)
		return recipe_failure(&err);
	if (name == NULL && (name = or_nothing(recipe.name)) == NULL) {
		(void)fputs("ippo: a program has no name for its image: ippo image build PROGRAM "
			    "NAME\n",
			    stderr);
		return EXIT_USAGE;
	}
	AUTO_CLOSE int fd =
		recipe_make(&recipe, option_given(invocation, "fresh"), &packages, &err);
	if (fd < 0)
		return recipe_failure(&err);
	json_t *body =
		json_pack("{s:s, s:s*, s:s*, s:s*, s:s*}", "name", name, "type",
			  said_or(invocation, "type", recipe.type), "description",
			  said_or(invocation, "description", recipe.description), "os_flavor",
			  said_or(invocation, "os-flavor", recipe.os_flavor), "os_version",
			  said_or(invocation, "os-version", recipe.os_version));
	add_packages(body, &packages);
	return post(invocation, "/images", body, fd, "image", true);
}

/* Brought in beside the older one, which it takes the name of once it is there: nobody who makes a
 * server meanwhile finds none. */
static int refresh(struct invocation *invocation, const json_t *older, int fd,
		   const struct buf *packages, json_t **ret, struct err *err)
{
	char path[64], beside[128];
	const char *name = json_text(older, "name");
	json_t *reply = NULL;

	(void)snprintf(beside, sizeof beside, "%.40s-%" PRId64, name, clock_now_ms() / 1000);
	json_t *body =
		json_pack("{s:s, s:s, s:s, s:s, s:s*}", "name", beside, "type",
			  json_text(older, "type"), "description", json_text(older, "description"),
			  "os_flavor", json_text(older, "os_flavor"), "os_version",
			  json_string_value(json_object_get(older, "os_version")));
	add_packages(body, packages);
	int code = api_call(invocation->api, "POST", "/images", body, fd, &reply, err);
	json_decref(body);
	if (code < 0)
		return code;
	(void)snprintf(path, sizeof path, "/images/%lld",
		       (long long)json_number(reply, "image.id"));
	code = api_wait(invocation->api, json_number(reply, "action.id"), invocation->quiet, err);
	json_decref(reply);
	if (code < 0)
		return code;
	body = json_pack("{s:s}", "replaces", name);
	code = api_call(invocation->api, "PUT", path, body, -1, ret, err);
	json_decref(body);
	return code;
}

static int image_refresh(struct invocation *invocation)
{
	const char *word = option_text(invocation, "recipe");
	struct buf packages CLEANUP(buf_done) = {0};
	struct recipe recipe = {0};
	struct err err = {0};
	json_t *older = NULL, *reply = NULL;

	/* Unless it is said, the one that came with Ippo and has the image's name. */
	if (word == NULL)
		word = invocation->positionals[0];
	int code = recipe_find(word, &recipe, &err);
	if (code < 0)
		return recipe_failure(&err);
	code = api_find(invocation->api, "images", "images", "image", invocation->positionals[0],
			&older, &err);
	if (code < 0)
		return print_failure(&err);
	AUTO_CLOSE int fd = recipe_make(&recipe, true, &packages, &err);
	code = fd < 0 ? 0 : refresh(invocation, older, fd, &packages, &reply, &err);
	json_decref(older);
	if (fd < 0)
		return recipe_failure(&err);
	if (code < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(json_object_get(reply, "image"));
	else
		image_print(json_object_get(reply, "image"));
	json_decref(reply);
	return EXIT_OK;
}

/* Asks for a look at the archive, and waits until it was made. */
static int image_check(struct invocation *invocation)
{
	const struct timespec pause = {.tv_sec = 1};
	struct err err = {0};
	json_t *found = NULL, *reply = NULL;
	char path[64];
	int code = api_find(invocation->api, "images", "images", "image",
			    invocation->positionals[0], &found, &err);

	if (code < 0)
		return print_failure(&err);
	(void)snprintf(path, sizeof path, "/images/%lld/actions/check_updates",
		       (long long)json_number(found, "id"));
	json_decref(found);
	code = api_call(invocation->api, "POST", path, NULL, -1, &reply, &err);
	*strstr(path, "/actions") = '\0';
	for (unsigned i = 0; code == 0 && i < CHECK_WAIT_S; i++) {
		const json_t *updates = json_object_get(json_object_get(reply, "image"), "updates");
		if (!json_is_true(json_object_get(updates, "looking")))
			break;
		json_decref(reply);
		reply = NULL;
		(void)nanosleep(&pause, NULL);
		code = api_call(invocation->api, "GET", path, NULL, -1, &reply, &err);
	}
	if (code < 0)
		return print_failure(&err);
	const json_t *image = json_object_get(reply, "image");
	const bool known =
		json_is_null(json_object_get(json_object_get(image, "updates"), "reason"));
	if (invocation->json)
		print_json(image);
	else
		image_print(image);
	json_decref(reply);
	return known ? EXIT_OK : EXIT_REFUSED_BY_SERVICE;
}

static int image_put(struct invocation *invocation, const char *suffix, json_t *body)
{
	struct buf path CLEANUP(buf_done) = {0};
	struct err err = {0};
	json_t *image = NULL, *reply = NULL;
	int code = api_find(invocation->api, "images", "images", "image",
			    invocation->positionals[0], &image, &err);

	if (code == 0) {
		(void)buf_printf(&path, "/images/%lld%s", (long long)json_number(image, "id"),
				 suffix);
		code = api_call(invocation->api, "PUT", buf_str(&path), body, -1, &reply, &err);
	}
	json_decref(image);
	json_decref(body);
	return code < 0 ? print_failure(&err) : request_finish(invocation, reply, "image", false);
}

static int image_update(struct invocation *invocation)
{
	const char *description = option_text(invocation, "description");
	json_t *body = json_object();

	if (description != NULL)
		(void)json_object_set_new(body, "description", json_string(description));
	if (option_given(invocation, "label"))
		request_add_labels(invocation, body);
	if (option_given(invocation, "snapshot"))
		(void)json_object_set_new(body, "type", json_string("snapshot"));
	if (json_object_size(body) == 0) {
		json_decref(body);
		(void)fputs("ippo: say what to change: --description, --label or --snapshot\n",
			    stderr);
		return EXIT_USAGE;
	}
	return image_put(invocation, "", body);
}

static int image_protect(struct invocation *invocation)
{
	const int on = strcmp(invocation->command->verb, "protect") == 0;

	return image_put(invocation, "/protection", json_pack("{s:b}", "delete", on));
}

static int image_delete(struct invocation *invocation)
{
	return request_delete(
		invocation, "images", "images", "image",
		"No new server can be made from it; those that were stay as they are.");
}

static void plan_row(struct table *table, const json_t *plan)
{
	char id[24], cores[24], memory[32], disk[24], price[48];

	(void)snprintf(memory, sizeof memory, "%g",
		       json_number_value(json_object_get(plan, "memory")));
	(void)snprintf(price, sizeof price, "%s %s",
		       json_text(json_array_get(json_object_get(plan, "prices"), 0),
				 "price_monthly.gross"),
		       json_text(plan, "currency"));
	table_row(table, number_text(plan, "id", id), json_text(plan, "name"),
		  number_text(plan, "cores", cores), memory, number_text(plan, "disk", disk),
		  json_text(plan, "storage"), price);
}

static int plan_list(struct invocation *invocation)
{
	return request_list(invocation, "/server_types?sort=id:asc", "server_types",
			    "ID NAME CORES MEMORY-GB DISK-GB STORAGE MONTHLY", plan_row,
			    "There are no plans. `ippo plan create NAME` makes one.");
}

static void plan_print(const json_t *plan)
{
	print_field("Name", "%s", json_text(plan, "name"));
	print_field("ID", "%lld", (long long)json_number(plan, "id"));
	print_field("Description", "%s", json_text(plan, "description"));
	print_field("Cores", "%lld", (long long)json_number(plan, "cores"));
	print_field("Memory", "%g GB", json_number_value(json_object_get(plan, "memory")));
	print_field("Disk", "%lld GB (%s)", (long long)json_number(plan, "disk"),
		    json_text(plan, "storage"));
	print_bandwidth(json_number(plan, "bandwidth_in"), json_number(plan, "bandwidth_out"));
	print_field("DNS zones", "%lld", (long long)json_number(plan, "dns_zones"));
	print_field("Price", "%lld a month, %lld a year, %lld at first (%s, in its smallest unit)",
		    (long long)json_number(plan, "price_monthly_minor"),
		    (long long)json_number(plan, "price_yearly_minor"),
		    (long long)json_number(plan, "price_initial_minor"),
		    json_text(plan, "currency"));
}

static int plan_show(struct invocation *invocation)
{
	return request_show(invocation, "server_types", "server_types", "server_type", plan_print);
}

static int plan_create(struct invocation *invocation)
{
	const char *storage = option_text(invocation, "storage");
	json_t *body = json_pack("{s:s, s:s, s:s*, s:s*}", "name", invocation->positionals[0],
				 "storage", storage != NULL ? storage : "ssd", "description",
				 option_text(invocation, "description"), "currency",
				 option_text(invocation, "currency"));

	if (!add_number(invocation, body, "cores", "cores", 1) ||
	    !add_number(invocation, body, "memory", "memory_mib", 1024) ||
	    !add_number(invocation, body, "disk", "disk", 20) ||
	    !add_number(invocation, body, "zones", "dns_zones", 5) ||
	    !add_number(invocation, body, "traffic", "included_traffic", 0) ||
	    !add_number(invocation, body, "bandwidth-in", "bandwidth_in", 0) ||
	    !add_number(invocation, body, "bandwidth-out", "bandwidth_out", 0) ||
	    !add_number(invocation, body, "monthly", "price_monthly_minor", 0) ||
	    !add_number(invocation, body, "initial", "price_initial_minor", 0)) {
		json_decref(body);
		return EXIT_USAGE;
	}
	return post(invocation, "/server_types", body, -1, "server_type", false);
}

/* What is not named stays as it is. */
static int plan_change(struct invocation *invocation)
{
	static const char *const numbers[][2] = {{"cores", "cores"},
						 {"memory", "memory_mib"},
						 {"disk", "disk"},
						 {"zones", "dns_zones"},
						 {"traffic", "included_traffic"},
						 {"bandwidth-in", "bandwidth_in"},
						 {"bandwidth-out", "bandwidth_out"},
						 {"monthly", "price_monthly_minor"},
						 {"initial", "price_initial_minor"}};
	char path[64];
	struct err err = {0};
	json_t *plan = NULL, *reply = NULL;
	json_t *body =
		json_pack("{s:s*, s:s*, s:s*}", "storage", option_text(invocation, "storage"),
			  "description", option_text(invocation, "description"), "currency",
			  option_text(invocation, "currency"));
	bool good = true;

	for (size_t i = 0; good && i < ARRAY_SIZE(numbers); i++)
		if (option_text(invocation, numbers[i][0]) != NULL)
			good = add_number(invocation, body, numbers[i][0], numbers[i][1], 0);
	if (!good) {
		json_decref(body);
		return EXIT_USAGE;
	}
	int code = api_find(invocation->api, "server_types", "server_types", "server_type",
			    invocation->positionals[0], &plan, &err);
	(void)snprintf(path, sizeof path, "/server_types/%lld", (long long)json_number(plan, "id"));
	json_decref(plan);
	if (code == 0)
		code = api_call(invocation->api, "PUT", path, body, -1, &reply, &err);
	json_decref(body);
	if (code < 0)
		return print_failure(&err);
	if (invocation->json)
		print_json(json_object_get(reply, "server_type"));
	else
		plan_print(json_object_get(reply, "server_type"));
	json_decref(reply);
	return EXIT_OK;
}

static int plan_delete(struct invocation *invocation)
{
	return request_delete(invocation, "server_types", "server_types", "server_type",
			      "It can no longer be chosen.");
}

static void location_row(struct table *table, const json_t *location)
{
	char id[24];

	table_row(table, number_text(location, "id", id), json_text(location, "name"),
		  json_text(location, "country"), json_text(location, "city"),
		  json_text(location, "description"));
}

static int location_list(struct invocation *invocation)
{
	return request_list(invocation, "/locations?sort=id:asc", "locations",
			    "ID NAME COUNTRY CITY DESCRIPTION", location_row,
			    "There are no locations.");
}

static void location_print(const json_t *location)
{
	print_field("Name", "%s", json_text(location, "name"));
	print_field("ID", "%lld", (long long)json_number(location, "id"));
	print_field("Description", "%s", json_text(location, "description"));
	print_field("Country", "%s", json_text(location, "country"));
	print_field("City", "%s", json_text(location, "city"));
	print_field("Network zone", "%s", json_text(location, "network_zone"));
}

static int location_show(struct invocation *invocation)
{
	return request_show(invocation, "locations", "locations", "location", location_print);
}

static int location_create(struct invocation *invocation)
{
	return post(invocation, "/locations",
		    json_pack("{s:s, s:s*, s:s*, s:s*, s:s*}", "name", invocation->positionals[0],
			      "description", option_text(invocation, "description"), "country",
			      option_text(invocation, "country"), "city",
			      option_text(invocation, "city"), "network_zone",
			      option_text(invocation, "zone")),
		    -1, "location", false);
}

static int location_delete(struct invocation *invocation)
{
	return request_delete(invocation, "locations", "locations", "location",
			      "It can no longer be chosen.");
}

static void pool_row(struct table *table, const json_t *pool)
{
	struct buf zones CLEANUP(buf_done) = {0};
	const json_t *names = json_object_get(pool, "reverse_zones");
	char id[24], used[24], total[24];

	(void)buf_puts(&zones, json_array_size(names) > 0
				       ? json_string_value(json_array_get(names, 0))
				       : "-");
	if (json_array_size(names) > 1) /* one for each value of the label that it ends within */
		(void)buf_printf(
			&zones, " … %s",
			json_string_value(json_array_get(names, json_array_size(names) - 1)));
	table_row(table, number_text(pool, "id", id), json_text(pool, "prefix"),
		  json_text(pool, "location"), number_text(pool, "used", used),
		  number_text(pool, "total", total), buf_str(&zones));
}

static int pool_list(struct invocation *invocation)
{
	return request_list(invocation, "/address_pools", "address_pools",
			    "ID PREFIX LOCATION USED TOTAL REVERSE-ZONES", pool_row,
			    "There are no address pools. `ippo pool create PREFIX` makes one.");
}

static int pool_create(struct invocation *invocation)
{
	return post(invocation, "/address_pools",
		    json_pack("{s:s, s:s*}", "prefix", invocation->positionals[0], "location",
			      option_text(invocation, "location")),
		    -1, "address_pool", false);
}

static int pool_delete(struct invocation *invocation)
{
	return request_delete(invocation, "address_pools", "address_pools", "address_pool",
			      "No new server gets an address from it.");
}

static const struct option_rule image_list_options[] = {
	{"type", "TYPE", "system, app, rescue; snapshot, backup: those made of servers", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule image_update_options[] = {
	{"description", "TEXT", "what people read", false},
	{"label", "KEY=VALUE", "a label, instead of those it had", true},
	{"snapshot", NULL, "a backup becomes a snapshot, which stays when its server goes", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule import_options[] = {
	{"file", "FILE", "a qcow2 or raw disk image on this machine", false},
	{"url", "URL", "where to fetch it", false},
	{"checksum", "sha256:HEX", "what it must be; refused otherwise", false},
	{"packages", "FILE", "what is installed in it, so that its updates are counted", false},
	{"type", "TYPE", "system, app, or rescue: the rescue system (system)", false},
	{"description", "TEXT", "what people read", false},
	{"os-flavor", "NAME", "debian, ubuntu, rocky, …", false},
	{"os-version", "VERSION", "12", false},
	{"no-wait", NULL, "do not wait for the end", false},
	{"wait", NULL, "wait for the end (the default)", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule build_options[] = {
	{"fresh", NULL, "make it anew, with the latest updates", false},
	{"type", "TYPE", "system, app, or rescue: the rescue system (system)", false},
	{"description", "TEXT", "what people read", false},
	{"os-flavor", "NAME", "debian, ubuntu, rocky, …", false},
	{"os-version", "VERSION", "12", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule refresh_options[] = {
	{"recipe", "RECIPE", "what makes it (the recipe of the image's name)", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule plan_options[] = {
	{"cores", "N", "virtual cores (1)", false},
	{"memory", "MIB", "memory in MiB (1024)", false},
	{"disk", "GB", "disk in GB (20)", false},
	{"storage", "KIND", "ssd or hdd (ssd)", false},
	{"zones", "N", "DNS zones (5)", false},
	{"traffic", "BYTES", "outgoing bytes a month that the price includes (0: not said)", false},
	{"bandwidth-in", "MBIT", "Mbit/s to a server, at most (0: no limit)", false},
	{"bandwidth-out", "MBIT", "Mbit/s from a server, at most (0: no limit)", false},
	{"monthly", "AMOUNT", "price a month in the currency's smallest unit; a year is 11 months",
	 false},
	{"initial", "AMOUNT", "fee at first, in the same unit", false},
	{"currency", "CODE", "JPY, EUR, …", false},
	{"description", "TEXT", "what people read", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule location_options[] = {
	{"description", "TEXT", "what people read", false},
	{"country", "CC", "two letters", false},
	{"city", "CITY", "the city", false},
	{"zone", "NAME", "network zone", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule pool_options[] = {
	{"location", "LOCATION", "where it is routed", false},
	{NULL, NULL, NULL, false},
};
static const struct option_rule delete_options[] = {
	{"yes", NULL, "do not ask", false},
	{NULL, NULL, NULL, false},
};

const struct command catalogue_commands[] = {
	{"image", "list", "", "List the images", image_list_options, image_list},
	{"image", "show", "NAME", "Show one image", NULL, image_show},
	{"image", "import", "NAME", "Bring in a disk image", import_options, image_import},
	{"image", "build", "RECIPE [NAME]", "Make an image by a recipe, and bring it in",
	 build_options, image_build},
	{"image", "refresh", "NAME", "Make an image anew, with the latest security updates",
	 refresh_options, image_refresh},
	{"image", "check", "NAME", "Look now which updates an image lacks", NULL, image_check},
	{"image", "update", "NAME", "Change what people read of an image, or its labels",
	 image_update_options, image_update},
	{"image", "protect", "NAME", "Refuse deletion", NULL, image_protect},
	{"image", "unprotect", "NAME", "Allow deletion", NULL, image_protect},
	{"image", "delete", "NAME", "Delete an image", delete_options, image_delete},
	{"plan", "list", "", "List the plans", NULL, plan_list},
	{"plan", "show", "NAME", "Show one plan", NULL, plan_show},
	{"plan", "create", "NAME", "Make a plan", plan_options, plan_create},
	{"plan", "change", "NAME", "Change a plan", plan_options, plan_change},
	{"plan", "delete", "NAME", "Delete a plan", delete_options, plan_delete},
	{"location", "list", "", "List the locations", NULL, location_list},
	{"location", "show", "NAME", "Show one location", NULL, location_show},
	{"location", "create", "NAME", "Make a location", location_options, location_create},
	{"location", "delete", "NAME", "Delete a location", delete_options, location_delete},
	{"pool", "list", "", "List the address pools", NULL, pool_list},
	{"pool", "create", "PREFIX", "Make a pool from an IPv4 or IPv6 prefix", pool_options,
	 pool_create},
	{"pool", "delete", "ID", "Delete a pool that no server uses", delete_options, pool_delete},
	{NULL, NULL, NULL, NULL, NULL, NULL},
};
