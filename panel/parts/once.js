// One thing at a time, with what is shown when it went wrong.

import { html } from "../lib/ui.js";
import { useRef, useState } from "../vendor/hooks.js";
import { Failure } from "./failure.js";

/** {run, failed}: run() does one thing at a time; `failed` is what is shown when it went wrong. */
export function useOnce(title) {
	const busy = useRef(false);
	const [failure, setFailure] = useState(null);
	const run = async (work) => {
		if (busy.current)
			return;
		busy.current = true;
		setFailure(null);
		try {
			await work();
		} catch (error) {
			setFailure({ error, again: () => run(work) });
		} finally {
			busy.current = false;
		}
	};
	return { run, failed: failure && html`<${Failure} title=${title} error=${failure.error} onRetry=${failure.again}/>` };
}
