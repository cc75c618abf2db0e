// Two-step verification in the account room: off, being set up, its recovery codes, and on.

import { insist } from "../lib/insist.js";
import { t } from "../lib/i18n.js";
import { saveFile } from "../lib/save-file.js";
import { beginTwoStep, confirmTwoStep, endTwoStep, plainCode, readTwoStep, renewRecoveryCodes } from "../lib/two-step.js";
import { announce, html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { CodeField, codeProblem, codeProblemFrom } from "./code.js";
import { Copy } from "./copy.js";
import { Dialog } from "./dialog.js";
import { Failure } from "./failure.js";
import { Summary } from "./form.js";
import { Moment } from "./moment.js";

const few_codes = 3;
const module_px = 4;
const grouped = (secret) => secret.match(/.{1,4}/g).join(" ");

/** Dark on light in either theme: cameras want it so. */
function Picture({ uri }) {
	const canvas = useRef(null);
	const [failed, setFailed] = useState(false);

	useEffect(() => {
		let wanted = true;
		insist(() => import("../vendor/lean-qr.js")).then(({ generate }) => {
			if (!wanted)
				return;
			generate(uri).toCanvas(canvas.current, { on: [0, 0, 0, 255], off: [255, 255, 255, 255], pad: 4 });
			// A whole number of pixels each, or some modules look wider than others.
			canvas.current.style.width = `${canvas.current.width * module_px}px`;
		}).catch(() => wanted && setFailed(true));
		return () => { wanted = false; };
	}, [uri]);
	return failed
		? html`<p class="hint">${t("two-step.no-picture")}</p>`
		: html`<canvas class="qr" ref=${canvas} role="img" aria-label=${t("two-step.picture")}></canvas>`;
}

function Setup({ begun, onDone, onCancel }) {
	const form = useRef(null);
	const title = useRef(null);
	const busy = useRef(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	useEffect(() => { title.current.focus(); }, []);
	const submit = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const code = form.current.elements.code.value;
		const attempt = state.attempt + 1;
		const problem = codeProblem(code);
		if (problem) {
			setState({ problems: [problem], attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			onDone(await confirmTwoStep(plainCode(code)));
		} catch (error) {
			setState({ problems: [codeProblemFrom(error) ?? { key: "two-step.failed", error }], attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	return html`<h3 ref=${title} tabindex="-1">${t("two-step.scan")}</h3>
		<p>${t("two-step.scan.what")}</p>
		<p><${Picture} uri=${begun.uri}/></p>
		<p>${t("two-step.by-hand")}</p>
		<p><${Copy} text=${grouped(begun.secret)} what=${t("two-step.secret")}/></p>
		<p><a href=${begun.uri}>${t("two-step.open-app")}</a></p>
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${CodeField} problems=${state.problems} recovery=${false}/>
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy ? "two-step.busy" : "two-step.confirm")}</button>
				<button type="button" class="button" onClick=${onCancel}>${t("cancel")}</button>
			</div>
		</form>`;
}

/** Shown this once: the page is not left without a word before they are kept. */
function Codes({ codes, onDone }) {
	const title = useRef(null);
	const [kept, setKept] = useState(false);

	useEffect(() => { title.current.focus(); }, []);
	useEffect(() => {
		if (kept)
			return undefined;
		const hold = (event) => event.preventDefault();
		addEventListener("beforeunload", hold);
		return () => removeEventListener("beforeunload", hold);
	}, [kept]);
	const save = () => {
		saveFile("ippo-recovery-codes.txt", `${codes.join("\n")}\n`);
		setKept(true);
	};
	return html`<h3 ref=${title} tabindex="-1">${t("two-step.codes")}</h3>
		<p>${t("two-step.codes.what")}</p>
		<p class="recovery"><${Copy} text=${codes.join(" ")} what=${t("two-step.codes")}/></p>
		<p class="buttons">
			<button type="button" class="button" onClick=${save}>${t("two-step.codes.save")}</button>
			<button type="button" class="button primary" onClick=${onDone}>${t("two-step.codes.done")}</button>
		</p>`;
}

function On({ state, onRenew, onEnd }) {
	const [asking, setAsking] = useState(false);

	return html`<dl class="facts">
			<div><dt>${t("two-step.since")}</dt><dd><${Moment} at=${state.since}/></dd></div>
			<div><dt>${t("two-step.left")}</dt><dd>${t("two-step.left.count", { count: state.recovery_codes_left })}</dd></div>
		</dl>
		${state.recovery_codes_left < few_codes && html`<p>${t("two-step.few")}</p>`}
		<p class="buttons">
			<button type="button" class="button" onClick=${onRenew}>${t("two-step.renew")}</button>
			<button type="button" class="button destroys" onClick=${() => setAsking(true)}>${t("two-step.end")}</button>
		</p>
		${asking && html`<${Dialog} id="end-two-step" title=${t("two-step.end.title")} refuse=${t("cancel")} confirm=${t("two-step.end")}
			onRefuse=${() => setAsking(false)} onConfirm=${() => { setAsking(false); onEnd(); }} fallback=${() => document.getElementById("two-step-title")}>
			<p>${t("two-step.end.what")}</p>
		<//>`}`;
}

export function TwoStep() {
	const [state, setState] = useState(null); // as the service tells it, or {error}
	const [begun, setBegun] = useState(null);
	const [codes, setCodes] = useState(null);
	const [failure, setFailure] = useState(null);

	const read = async (isWanted = () => true) => {
		let found;
		try {
			found = await readTwoStep();
		} catch (error) {
			found = { error };
		}
		if (isWanted())
			setState(found);
	};
	useEffect(() => {
		let wanted = true;
		read(() => wanted);
		return () => { wanted = false; };
	}, []);

	const run = async (work) => {
		setFailure(null);
		try {
			await work();
		} catch (error) {
			setFailure({ error, work });
		}
	};
	const focusTitle = () => setTimeout(() => document.getElementById("two-step-title")?.focus());
	const begin = () => run(async () => setBegun(await beginTwoStep()));
	const renew = () => run(async () => setCodes(await renewRecoveryCodes()));
	const end = () => run(async () => {
		await endTwoStep();
		await read();
		focusTitle();
		announce(t("two-step.ended"));
	});
	const confirmed = (fresh) => {
		setBegun(null);
		setCodes(fresh);
		announce(t("two-step.begun"));
	};
	const done = async () => {
		setCodes(null);
		await read();
		focusTitle();
	};
	const cancel = () => {
		setBegun(null);
		focusTitle();
	};

	let body;
	if (codes)
		body = html`<${Codes} codes=${codes} onDone=${done}/>`;
	else if (begun)
		body = html`<${Setup} begun=${begun} onDone=${confirmed} onCancel=${cancel}/>`;
	else if (!state)
		body = html`<p class="waiting">${t("two-step.loading")}</p>`;
	else if (state.error)
		body = html`<${Failure} title=${t("two-step.unread")} error=${state.error} onRetry=${() => read()}/>`;
	else if (state.enabled)
		body = html`<${On} state=${state} onRenew=${renew} onEnd=${end}/>`;
	else
		body = html`<p class="buttons"><button type="button" class="button" id="begin-two-step" onClick=${begin}>${t("two-step.begin")}</button></p>`;
	return html`<section class="notice key-form" aria-labelledby="two-step-title">
		<h2 id="two-step-title" tabindex="-1">${t("two-step")}</h2>
		<p class="hint">${t("two-step.what")}</p>
		${failure && html`<${Failure} title=${t("two-step.failed")} error=${failure.error} onRetry=${() => run(failure.work)}/>`}
		${body}
	</section>`;
}
