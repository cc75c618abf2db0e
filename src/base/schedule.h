// A process's share of the processor.
#pragma once

/**
 * schedule_short_turns() - be woken soon, for short turns, rather than late, for long ones.
 *
 * For a process that relays what people type: beside work that never ends a wake-up then costs
 * tens of microseconds instead of hundreds. Its share of the processor stays as it was, so it needs
 * no power. Threads and children made later have it as well. A kernel before 6.12 knows no turns
 * of a process's own and goes on as it was: there is nothing to report (sched(7),
 * sched_setattr(2)).
 */
void schedule_short_turns(void);
