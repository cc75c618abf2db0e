#include "model/first_step.h"

#include <string.h>

#include "base/cleanup.h"

static const struct {
	enum first_step_item item;
	const char *id;
	bool outside;
} items[] = {
#define X(name, number, id, outside) {FIRST_STEP_##name, id, outside},
	FIRST_STEP_LIST(X)
#undef X
};

const char *first_step_id(enum first_step_item item)
{
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		if (items[i].item == item)
			return items[i].id;
	return NULL;
}

enum first_step_item first_step_find(const char *id)
{
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		if (strcmp(items[i].id, id) == 0)
			return items[i].item;
	return (enum first_step_item)0;
}

bool first_step_has_outside(enum first_step_item item)
{
	for (size_t i = 0; i < ARRAY_SIZE(items); i++)
		if (items[i].item == item)
			return items[i].outside;
	return false;
}

/* Nobody inside is asked about it: the host sees it. */
static bool has_inside(enum first_step_item item)
{
	return item != FIRST_STEP_MONITORING;
}

static bool is_fresh(const struct first_step_side *side, int64_t now_ms)
{
	return side->result != FIRST_STEP_UNSAID && side->time_ms > 0 &&
	       now_ms - side->time_ms < FIRST_STEP_FRESH_MS;
}

static bool is_good(const struct first_step_side *side, int64_t now_ms)
{
	return is_fresh(side, now_ms) && side->result == FIRST_STEP_GOOD;
}

enum first_step_verdict first_step_judge(enum first_step_item item,
					 const struct first_step_finding *finding, int64_t now_ms)
{
	const struct first_step_side *inside = &finding->inside, *outside = &finding->outside;
	const bool outside_counts = first_step_has_outside(item);

	if (is_fresh(inside, now_ms) && inside->result != FIRST_STEP_GOOD)
		return FIRST_STEP_FAIL;
	if (outside_counts && is_fresh(outside, now_ms) && outside->result == FIRST_STEP_BAD)
		return FIRST_STEP_FAIL;
	if (has_inside(item) && !is_good(inside, now_ms))
		return FIRST_STEP_STALE;
	if (!outside_counts || is_good(outside, now_ms))
		return FIRST_STEP_PASS;
	/* What was seen once and is too old now is another thing than what was never seen. */
	if (!has_inside(item) || outside->result == FIRST_STEP_GOOD)
		return FIRST_STEP_STALE;
	return FIRST_STEP_REPORTED;
}

static int64_t end_of(const struct first_step_side *side, int64_t now_ms)
{
	return is_fresh(side, now_ms) ? side->time_ms + FIRST_STEP_FRESH_MS : 0;
}

int64_t first_step_stale_ms(enum first_step_item item, const struct first_step_finding *finding,
			    int64_t now_ms)
{
	const int64_t inside = end_of(&finding->inside, now_ms);
	const int64_t outside =
		first_step_has_outside(item) ? end_of(&finding->outside, now_ms) : 0;

	if (inside == 0 || outside == 0)
		return inside + outside;
	return inside < outside ? inside : outside;
}

bool first_step_may_open(const struct first_step_finding findings[FIRST_STEP_COUNT],
			 bool can_report, int64_t since_ms)
{
	static const struct {
		enum first_step_item item;
		bool needs_report; /* nothing outside can tell without the guest's help */
	} deciding[] = {
		{FIRST_STEP_INITIAL_PASSWORD, false}, {FIRST_STEP_ROOT_SSH, true},
		{FIRST_STEP_KEY_ONLY, false},         {FIRST_STEP_PACKET_FILTER, false},
		{FIRST_STEP_DATABASE_CLOSED, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(deciding); i++) {
		const struct first_step_finding *finding = &findings[deciding[i].item - 1];
		if (deciding[i].needs_report && !can_report)
			continue;
		if (finding->outside.result != FIRST_STEP_GOOD ||
		    finding->outside.time_ms < since_ms)
			return false;
		if (can_report && (finding->inside.result != FIRST_STEP_GOOD ||
				   finding->inside.time_ms < since_ms))
			return false;
	}
	return true;
}

const char *first_step_result_name(enum first_step_result result)
{
	static const char *const names[] = {
		[FIRST_STEP_UNSAID] = "none",
		[FIRST_STEP_GOOD] = "pass",
		[FIRST_STEP_BAD] = "fail",
		[FIRST_STEP_DOUBT] = "unknown",
	};

	return (unsigned)result < ARRAY_SIZE(names) ? names[result] : "none";
}

const char *first_step_verdict_name(enum first_step_verdict verdict)
{
	static const char *const names[] = {
		[FIRST_STEP_STALE] = "stale",
		[FIRST_STEP_PASS] = "pass",
		[FIRST_STEP_FAIL] = "fail",
		[FIRST_STEP_REPORTED] = "reported",
	};

	return (unsigned)verdict < ARRAY_SIZE(names) ? names[verdict] : "stale";
}

const char *first_step_why_name(enum first_step_why why)
{
	static const char *const names[] = {
		[FIRST_STEP_WAITS] = "waits",       [FIRST_STEP_PROVEN] = "proven",
		[FIRST_STEP_PROBED] = "probed",     [FIRST_STEP_TIMEOUT] = "timeout",
		[FIRST_STEP_OVERRIDE] = "override", [FIRST_STEP_OLDER] = "older",
	};

	return why >= FIRST_STEP_WAITS && why <= FIRST_STEP_OLDER ? names[why] : "older";
}
