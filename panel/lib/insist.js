// A part of the panel that is loaded when it is first needed may meet a network that is just
// changing (browsers end what is under way then): it is asked for again before anybody is told.

const tries = 4;
const pause_ms = 400;

/** The result of load(), which is called again after a failure; the last failure is thrown. */
export async function insist(load) {
	for (let left = tries - 1; ; left--) {
		try {
			return await load();
		} catch (error) {
			if (left === 0)
				throw error;
		}
		await new Promise((resolve) => { setTimeout(resolve, pause_ms); });
	}
}
