// Another plan for a server: what it would have, and what it would cost now and next, before the button.

import { gigabytes, price, t } from "../lib/i18n.js";
import { readPlans } from "../lib/create.js";
import { changePlan } from "../lib/server-changes.js";
import { announce, html } from "../lib/ui.js";
import { useState } from "../vendor/hooks.js";
import { Choices } from "./choices.js";
import { Dialog } from "./dialog.js";
import { FailureDetail, failureText } from "./failure.js";
import { Quote } from "./price.js";
import { useRead } from "./read.js";

const size = (plan) => t("server.size", { cores: t("server.cores", { count: plan.cores }), memory: gigabytes(plan.memory), disk: gigabytes(plan.disk) });

/** Why it cannot be done now, in visible text; null when it can. */
function obstacleOf(server, isBusy, wanted) {
	if (isBusy)
		return t("upgrade.busy");
	if (server.status !== "off")
		return t("upgrade.off");
	return wanted ? null : t("upgrade.choose");
}

function Question({ server, plans, isBusy, onRefuse, onConfirm }) {
	const [wanted, setWanted] = useState(null);
	const [grow, setGrow] = useState(false);
	const plan = plans.find(({ id }) => id === wanted);
	const grows = plan && plan.disk > server.primary_disk_size;
	return html`<${Dialog} id=${`upgrade-${server.id}`} title=${t("upgrade.title", { name: server.name })} refuse=${t("cancel")} confirm=${t("upgrade")} isHarmless=${true}
		obstacle=${obstacleOf(server, isBusy, wanted)} fallback=${() => document.getElementById("heading")}
		onRefuse=${onRefuse} onConfirm=${() => onConfirm(plan, Boolean(grows && grow))}>
		<${Choices} id="upgrade-plan" legend=${t("server.plan")} chosen=${wanted} onChoose=${setWanted} choices=${plans.map((each) => ({
			value: each.id, text: html`<span translate="no">${each.name}</span>`, about: size(each),
			end: t("create.monthly", { price: price(each.prices[0].price_monthly.gross, each.currency) }),
			obstacle: each.id === server.server_type.id ? t("upgrade.now")
				: each.disk < server.primary_disk_size ? t("upgrade.small", { disk: gigabytes(server.primary_disk_size) }) : null,
		}))}/>
		${grows && html`<label class="check"><input type="checkbox" id="upgrade-disk" checked=${grow} onChange=${(event) => setGrow(event.target.checked)}/>
			<span>${t("upgrade.disk", { from: gigabytes(server.primary_disk_size), to: gigabytes(plan.disk) })}</span></label>
			<p class="hint">${t("upgrade.disk.what")}</p>`}
		${plan && html`<${Quote} plan=${plan.id} server=${server.id}/>`}
	<//>`;
}

/** @param isBusy  something else is being done to it */
export function Upgrade({ server, isBusy }) {
	const { value: plans, failure, again } = useRead(readPlans, "");
	const [state, setState] = useState({ asking: false, busy: false, error: null });
	const isReady = plans && !state.busy;
	const ask = (asking) => setState({ asking, busy: false, error: null });
	const change = async (plan, grow) => {
		setState({ asking: false, busy: true, error: null });
		try {
			await changePlan(server.id, plan.id, grow);
			ask(false);
			announce(t("upgrade.begun", { name: server.name, plan: plan.name }));
		} catch (error) {
			setState({ asking: false, busy: false, error });
		}
	};
	return html`<div class="group-line">
		<p><strong>${t("upgrade")}</strong></p>
		<p class="hint" id="upgrade-about">${t(server.status === "off" ? "upgrade.what" : "upgrade.off")}</p>
		${(failure || state.error) && html`<div class="notice attention" role="alert"><p><strong>${t("upgrade.failed")}</strong> ${failureText((failure ?? state.error).code)}</p>
			<${FailureDetail} error=${failure ?? state.error}/></div>`}
		<p class="buttons">${failure ? html`<button type="button" class="button small" onClick=${again}>${t("retry")}</button>`
			: html`<button type="button" class="button small" id="upgrade" aria-describedby="upgrade-about" aria-disabled=${isReady ? undefined : "true"}
				onClick=${() => isReady && ask(true)}>${t(state.busy ? "keys.busy" : "upgrade.see")}</button>`}</p>
		${state.asking && html`<${Question} server=${server} plans=${plans} isBusy=${isBusy} onRefuse=${() => ask(false)} onConfirm=${change}/>`}
	</div>`;
}
