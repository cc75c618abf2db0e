// The dialog in which whoever sits here shows once more who they are.

import { t } from "../lib/i18n.js";
import { passkeyObstacle, readPasskeys, showToProve } from "../lib/passkeys.js";
import { prove } from "../lib/proof.js";
import { me } from "../lib/session.js";
import { plainCode } from "../lib/two-step.js";
import { html, useValue } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { CodeField, codeProblem, codeProblemFrom } from "./code.js";
import { useModal } from "./dialog.js";
import { PasswordField, Summary } from "./form.js";

function problemsFrom(error) {
	if (error.code === "wrong_password")
		return [{ field: "proof-password", key: "proof.wrong" }];
	if (error.code === "rate_limit_exceeded")
		return [{ key: "sign-in.too-often", error }];
	if (error.code.startsWith("passkey") || error.code === "wrong_passkey")
		return [{ key: `error.${error.code}` }];
	return [codeProblemFrom(error) ?? { key: "proof.failed", error }];
}

export function Proof({ request }) {
	const person = useValue(me);
	const dialog = useRef(null);
	const form = useRef(null);
	const first = useRef(null);
	const busy = useRef(false);
	const [hasPasskey, setHasPasskey] = useState(false);
	const [needsCode, setNeedsCode] = useState(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });
	const hasPassword = person?.user?.has_password !== false; // else a passkey is the only proof
	const obstacle = hasPassword ? "" : passkeyObstacle();
	first.current = { focus: () => form.current.elements[hasPassword ? "proof-password" : "prove-by-passkey"].focus() };
	const { keepInside } = useModal(dialog, first, () => document.getElementById("heading"));

	// Signed out meanwhile: there is nobody to prove anything.
	useEffect(() => {
		if (!person)
			request.answer(false);
	}, [person]);
	useEffect(() => {
		if (needsCode)
			form.current.elements.code.focus();
	}, [needsCode]);

	useEffect(() => {
		let wanted = true;
		if (hasPassword && !passkeyObstacle())
			readPasskeys().then((list) => wanted && setHasPasskey(list.length > 0)).catch(() => {}); // the password does as well
		return () => { wanted = false; };
	}, []);

	const usePasskey = async () => {
		if (busy.current || obstacle)
			return;
		const attempt = state.attempt + 1;
		busy.current = true;
		setState({ problems: [], attempt, busy: "passkey" });
		try {
			await showToProve();
			request.answer(true);
		} catch (error) {
			setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	const submit = async (event) => {
		event.preventDefault();
		if (!hasPassword || busy.current)
			return;
		const { "proof-password": password, code } = form.current.elements;
		const attempt = state.attempt + 1;
		const problems = [
			password.value === "" && { field: "proof-password", key: "account.present.missing" },
			code && codeProblem(code.value),
		].filter(Boolean);
		if (problems.length > 0) {
			setState({ problems, attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			await prove(password.value, code && plainCode(code.value));
			request.answer(true);
		} catch (error) {
			if (error.code === "code_required") {
				setNeedsCode(true);
				setState({ problems: [], attempt, busy: false });
			} else {
				setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
			}
		} finally {
			busy.current = false;
		}
	};
	return html`<dialog ref=${dialog} aria-labelledby="proof-title" aria-describedby="proof-text"
		onCancel=${(event) => { event.preventDefault(); request.answer(false); }} onKeyDown=${keepInside}>
		<h2 id="proof-title">${t("proof")}</h2>
		<p id="proof-text">${t("proof.what")}</p>
		<${Summary} ...${state}/>
		<form class="proof-form" ref=${form} onSubmit=${submit} novalidate>
			<input class="visually-hidden" type="text" value=${person?.user?.name ?? ""} autocomplete="username" readonly tabindex="-1" aria-hidden="true"/>
			${hasPassword && html`<${PasswordField} id="proof-password" label=${t("password")} problems=${state.problems} autocomplete="current-password" maxlength="256"/>`}
			${needsCode && html`<${CodeField} problems=${state.problems}/>`}
			${(hasPasskey || !hasPassword) && html`<p><button type="button" class="button" id="prove-by-passkey" onClick=${usePasskey}
				aria-disabled=${state.busy || obstacle ? "true" : undefined}>${t(state.busy === "passkey" ? "proof.busy" : "proof.passkey")}</button></p>`}
			${obstacle && html`<p class="hint">${t(`passkeys.obstacle.${obstacle}`)}</p>`}
			<div class="buttons">
				<button type="button" class="button" onClick=${() => request.answer(false)}>${t("cancel")}</button>
				${hasPassword && html`<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy === true ? "proof.busy" : "proof.confirm")}</button>`}
			</div>
		</form>
	</dialog>`;
}
