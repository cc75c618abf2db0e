// Forms: a label and a hint above each field, what is wrong beside it, and a summary on top that
// takes the focus and leads to the fields. Fields keep what was typed whatever happens.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { FailureDetail } from "./failure.js";
import { Icon } from "./icon.js";

/**
 * @param problems  [{field?, key, values?, error?}]: `key` names the words, so that they follow the
 *                  language; a problem without a field is about the whole form
 * @param attempt   counts the tries: each one moves the focus to the summary again
 */
export function Summary({ problems, attempt }) {
	const box = useRef(null);

	useEffect(() => {
		if (problems.length > 0)
			box.current.focus();
	}, [attempt]);
	if (problems.length === 0)
		return null;

	const lead = (event, field) => {
		event.preventDefault();
		document.getElementById(field).focus();
	};
	return html`<div class="notice attention" ref=${box} tabindex="-1" role="group" aria-labelledby="summary-title">
		<h2 id="summary-title"><${Icon} name="attention"/> ${t("form.summary", { count: problems.length })}</h2>
		<ul>${problems.map((problem, index) => html`<li key=${index}>
			${problem.field
				? html`<a href=${location.hash || "#/"} onClick=${(event) => lead(event, problem.field)}>${t(problem.key, problem.values)}</a>`
				: t(problem.key, problem.values)}
			${problem.error && html`<${FailureDetail} error=${problem.error}/>`}
		</li>`)}</ul>
	</div>`;
}

function FieldProblem({ id, problem }) {
	return problem
		? html`<p class="field-problem" id=${`${id}-problem`}><${Icon} name="attention"/> <span>${t(problem.key, problem.values)}</span></p>`
		: null;
}

function describedBy(id, hint, problem) {
	return [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
}

export function TextField({ id, label, hint, problems, ...input }) {
	const problem = problems.find(({ field }) => field === id);
	return html`<div class="field">
		<label for=${id}>${label}</label>
		${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
		<${FieldProblem} id=${id} problem=${problem}/>
		<input id=${id} name=${id} type="text" aria-invalid=${problem ? "true" : undefined}
			aria-describedby=${describedBy(id, hint, problem)} ...${input}/>
	</div>`;
}

/** Text of several lines. */
export function AreaField({ id, label, hint, problems, ...area }) {
	const problem = problems.find(({ field }) => field === id);
	return html`<div class="field">
		<label for=${id}>${label}</label>
		${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
		<${FieldProblem} id=${id} problem=${problem}/>
		<textarea id=${id} name=${id} aria-invalid=${problem ? "true" : undefined} aria-describedby=${describedBy(id, hint, problem)} ...${area}></textarea>
	</div>`;
}

/** One of a few; @param choices  [{value, text}], the first one chosen */
export function ChoiceField({ id, label, hint, choices }) {
	return html`<div class="field">
		<label for=${id}>${label}</label>
		${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
		<select id=${id} name=${id} aria-describedby=${hint ? `${id}-hint` : undefined}>${choices.map(({ value, text }) => html`<option key=${value} value=${value}>${text}</option>`)}</select>
	</div>`;
}

/** A password that can be looked at while it is typed. */
export function PasswordField({ id, label, hint, problems, ...input }) {
	const [visible, setVisible] = useState(false);
	const problem = problems.find(({ field }) => field === id);
	return html`<div class="field">
		<label for=${id}>${label}</label>
		${hint && html`<p class="hint" id=${`${id}-hint`}>${hint}</p>`}
		<${FieldProblem} id=${id} problem=${problem}/>
		<div class="field-row">
			<input id=${id} name=${id} type=${visible ? "text" : "password"} aria-invalid=${problem ? "true" : undefined}
				aria-describedby=${describedBy(id, hint, problem)} spellcheck="false" autocapitalize="none" autocorrect="off" ...${input}/>
			<button type="button" class="button" aria-controls=${id} aria-pressed=${String(visible)} onClick=${() => setVisible(!visible)}>
				${t("password.show")}
			</button>
		</div>
	</div>`;
}

/**
 * useSubmit() - what every form does when it is sent: it is judged, then the work is done once,
 * however often the button is pressed, and what went wrong is told.
 * @param judge    () → problems found here
 * @param work     async; its outcome is nobody's but its own
 * @param explain  what `work` threw → problems
 * @return {problems, attempt, busy, submit}: the first two for <Summary>
 */
export function useSubmit({ judge, work, explain }) {
	const isBusy = useRef(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });
	const tell = (problems, busy = false) => setState(({ attempt }) => ({ problems, attempt: attempt + 1, busy }));

	const submit = async (event) => {
		event.preventDefault();
		if (isBusy.current)
			return;
		const problems = judge();
		if (problems.length > 0) {
			tell(problems);
			return;
		}
		isBusy.current = true;
		tell([], true);
		try {
			await work();
			setState((now) => ({ ...now, busy: false }));
		} catch (error) {
			tell(explain(error));
		} finally {
			isBusy.current = false;
		}
	};
	return { ...state, submit };
}

/** Problems out of an API's refusal; `fields` maps the API's names to {field, key}. */
export function problemsOf(error, fields = {}) {
	const known = error.fields
		.filter(({ name }) => fields[name])
		.map(({ name, messages }) => ({
			...fields[name],
			error: { code: error.code, message: (messages ?? []).join(" ") },
		}));
	return known.length > 0 ? known : null;
}
