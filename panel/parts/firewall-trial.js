// A change on trial: how long until it goes back by itself, and the two ways out.

import { serviceNow } from "../lib/api.js";
import { confirmTrial, readFirewall, revertTrial } from "../lib/firewalls.js";
import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useEffect, useState } from "../vendor/hooks.js";
import { FailureDetail, failureText } from "./failure.js";
import { Icon } from "./icon.js";

const second_ms = 1000;

const look_ms = 2000;
const stateOf = ({ rules, applied_to: targets }) => JSON.stringify([rules, targets]);

/** Whether somebody else, or a connection, ends it meanwhile: by what the filter is then. */
function useEnd(id, isWatched, onEnded) {
	useEffect(() => {
		let first = null;
		const look = async () => {
			const firewall = await readFirewall(id).catch(() => null);
			if (firewall?.ippo.trial)
				first ??= stateOf(firewall);
			else if (firewall && first !== null)
				onEnded(t(stateOf(firewall) === first ? "firewalls.trial.came" : "firewalls.trial.reverted"));
		};
		const timer = isWatched ? setInterval(look, look_ms) : null;
		if (isWatched)
			look();
		return () => clearInterval(timer);
	}, [id, isWatched]);
}

/**
 * @param firewall  of it, its id and trial; its name where it is not the room's
 * @param onEnded   called with the words of how it ended, or null when that is not known
 */
export function Trial({ firewall, onEnded }) {
	const { deadline, address, confirm_from: from } = firewall.ippo.trial;
	const left = () => Math.max(0, Math.ceil((Date.parse(deadline) - serviceNow()) / second_ms));
	const [seconds, setSeconds] = useState(left);
	const [state, setState] = useState({ busy: false, failure: null });

	useEffect(() => {
		const timer = setInterval(() => {
			setSeconds(left());
			if (left() === 0)
				onEnded(t("firewalls.trial.gone"));
		}, second_ms);
		return () => clearInterval(timer);
	}, [deadline]);
	useEnd(firewall.id, Boolean(from), onEnded);
	const end = (ask, words) => async () => {
		if (state.busy)
			return;
		setState({ busy: true, failure: null });
		try {
			await ask(firewall.id);
			setState({ busy: false, failure: null });
			onEnded(t(words));
		} catch (failure) {
			setState({ busy: false, failure });
			onEnded(failure.code === "gone" ? t("firewalls.trial.gone") : null);
		}
	};
	return html`<section class="notice attention" aria-labelledby="trial-title" data-trial=${firewall.id}>
		<h2 id="trial-title"><${Icon} name="attention"/> ${t("firewalls.trial")}</h2>
		<p>${t("firewalls.trial.about", { address })}</p>
		${firewall.name && html`<p><a href=${`#/firewalls/${firewall.id}`} dir="auto" translate="no">${firewall.name}</a></p>`}
		${from && html`<p id="trial-from">${t("firewalls.trial.from", { address: from })}</p>`}
		<p role="timer"><strong>${t("firewalls.trial.left", { count: seconds })}</strong></p>
		${state.failure && html`<div role="alert"><p>${failureText(state.failure.code)}</p><${FailureDetail} error=${state.failure}/></div>`}
		<p class="buttons">
			<button type="button" class="button primary" id="trial-confirm" aria-disabled=${state.busy ? "true" : undefined} onClick=${end(confirmTrial, "firewalls.trial.confirmed")}>${t("firewalls.trial.confirm")}</button>
			<button type="button" class="button" id="trial-revert" aria-disabled=${state.busy ? "true" : undefined} onClick=${end(revertTrial, "firewalls.trial.reverted")}>${t("firewalls.trial.revert")}</button>
		</p>
	</section>`;
}
