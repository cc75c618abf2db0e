// One of several, or several of many, each with what it is about: radio buttons and check boxes in boxes.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { Icon } from "./icon.js";

/**
 * @param type      "radio" or "checkbox"
 * @param choices   [{value, text, about?, end?, obstacle?}]: `end` stands at the line's end; one with
 *                  an obstacle cannot be chosen, and says why
 * @param chosen    the value; of check boxes a Set of values
 * @param onChoose  called with the value that was pressed
 */
export function Choices({ id, legend, hint, type = "radio", choices, chosen, problems = [], onChoose }) {
	const problem = problems.find(({ field }) => field === id);
	const isChosen = (value) => (type === "radio" ? chosen === value : chosen.has(value));
	const about = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
	return html`<fieldset class="choices" id=${id} tabindex="-1" aria-describedby=${about}>
		<legend>${legend}</legend>
		${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
		${problem && html`<p class="field-problem" id=${`${id}-problem`}><${Icon} name="attention"/> <span>${t(problem.key, problem.values)}</span></p>`}
		<div class="choice-list">${choices.map(({ value, text, about: more, end, obstacle }) => html`<label key=${value} class="choice">
			<input type=${type} name=${id} value=${value} checked=${isChosen(value)} disabled=${Boolean(obstacle)} onChange=${() => onChoose(value)}/>
			<span class="choice-text"><span class="choice-name">${text}</span>
				${(more || obstacle) && html`<span class="hint">${obstacle ?? more}</span>`}</span>
			${end && html`<span class="choice-end number">${end}</span>`}
		</label>`)}</div>
	</fieldset>`;
}
