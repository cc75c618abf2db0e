// Some requests the service answers with proof_required: whoever sits here must show once more who
// they are. One dialog asks for that, however many requests wait for it; then they go on.

import { signal } from "../vendor/signals.js";
import { onProofRequired, post } from "./api.js";

/** null, or {answer}: called with whether the proof was given. */
export const asking = signal(null);

let underWay = null;

function ask() {
	underWay ??= new Promise((resolve) => {
		asking.value = {
			answer: (proved) => {
				asking.value = null;
				underWay = null;
				resolve(proved);
			},
		};
	});
	return underWay;
}

export const prove = (password, code) => post("/v1/sessions/current/proof", code === undefined ? { password } : { password, code });

onProofRequired(ask);
