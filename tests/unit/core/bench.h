// A store, an engine and a fake host in one loop, and the moves tests make with them.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/actions/engine.h"
#include "fake_host.h"
#include "model/server.h"
#include "store/store.h"

#define BENCH_HASH "$6$canary$hashofthepassword"

struct bench {
	uv_loop_t loop;
	char path[64];
	struct store *store;
	struct engine *engine;
	struct fake_host host;
	struct engine_limits limits;
	uint64_t image_id;
	uint64_t plan_small;
	uint64_t plan_large;
	unsigned told_servers, told_actions, told_deleted, told_images;
};

void bench_init(struct bench *bench);
void bench_done(struct bench *bench);

/** bench_start() - a new engine takes up what is in the store; connected when @connect. */
void bench_start(struct bench *bench, bool connect);
/** bench_kill() - as kill -9 of core: the engine is gone between two instructions. */
void bench_kill(struct bench *bench);
void bench_connect(struct bench *bench);

/** bench_turn() - one iteration of the loop, at most a few milliseconds. */
void bench_turn(struct bench *bench);
/** bench_until() - turns until @condition or @ms have passed; false when the time was up. */
bool bench_until(struct bench *bench, bool (*condition)(struct bench *, void *), void *context,
		 unsigned ms);
void bench_for(struct bench *bench, unsigned ms);

/** bench_create() - as POST /servers does. Return: 0 or the refusal. */
int bench_create(struct bench *bench, const char *name, bool start, uint64_t *ret_server,
		 uint64_t *ret_action, struct err *err);
int bench_submit(struct bench *bench, const struct action_request *request, uint64_t *ret_action,
		 struct err *err);
int bench_command(struct bench *bench, enum action_command command, uint64_t server_id,
		  uint64_t *ret_action);

struct action bench_action(struct bench *bench, uint64_t id);
/** bench_ended() - waits for the end; fails the test when it does not come. */
void bench_ended(struct bench *bench, uint64_t action_id, enum action_status status,
		 const char *code);
struct server bench_server(struct bench *bench, uint64_t id);
bool bench_exists(struct bench *bench, uint64_t id);
void bench_status(struct bench *bench, uint64_t id, enum server_status status);
/** bench_settled() - waits until the host has exactly this much. */
void bench_settled(struct bench *bench, size_t domains, size_t volumes, size_t seeds,
		   size_t networks);
