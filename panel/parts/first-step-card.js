// The summary of a server's first step, for its home.

import { countOf, isClosed } from "../lib/first-step.js";
import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { Icon } from "./icon.js";

export function FirstStepCard({ server }) {
	const count = countOf(server);
	const { passed, total } = server.ippo?.first_step ?? {};
	const isWhole = count && passed === total;
	return html`<section class="box" aria-labelledby="first-step-title">
		<div class="graph-top"><h2 id="first-step-title">${t("first-step")}</h2><a href=${`#/servers/${server.id}/first-step`}>${t("first-step.more")}</a></div>
		<p class="first-step-sum">${count && html`<${Icon} name=${isWhole ? "success" : "attention"}/>`}
			<span>${count ? t("first-step.sum", { passed, total }) : t("first-step.nothing")}</span></p>
		${isClosed(server) && html`<p class="hint">${t("first-step.closed.short")}</p>`}
	</section>`;
}
