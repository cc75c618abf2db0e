// Sign-in: a name and a password, and a code from who has two-step verification.

import { t } from "../lib/i18n.js";
import { goInstead } from "../lib/router.js";
import { passkeyObstacle } from "../lib/passkeys.js";
import { leftBecause, signIn, signInByPasskey } from "../lib/session.js";
import { plainCode } from "../lib/two-step.js";
import { html, useValue } from "../lib/ui.js";
import { CodeField, codeProblem, codeProblemFrom } from "../parts/code.js";
import { PasswordField, Summary, TextField } from "../parts/form.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

function check(name, password, code) {
	return [
		name === "" && { field: "name", key: "sign-in.name.missing" },
		password === "" && { field: "password", key: "sign-in.password.missing" },
		code !== undefined && codeProblem(code),
	].filter(Boolean);
}

function problemsFrom(error) {
	if (error.code === "unauthorized" || error.code === "invalid_input")
		return [{ field: "name", key: "sign-in.refused" }];
	if (error.code === "wrong_code")
		return [codeProblemFrom(error)];
	return [{ key: error.code === "rate_limit_exceeded" ? "sign-in.too-often" : "sign-in.failed", error }];
}

const passkeyProblem = ({ code }) => {
	if (code === "unauthorized")
		return { key: "passkeys.unknown" };
	return code.startsWith("passkey") ? { key: `error.${code}` } : null;
};

export function SignIn() {
	const because = useValue(leftBecause);
	const form = useRef(null);
	const busy = useRef(false);
	const obstacle = passkeyObstacle();
	const [needsCode, setNeedsCode] = useState(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	useEffect(() => {
		if (needsCode)
			form.current.elements.code.focus();
	}, [needsCode]);
	const submit = async (event) => {
		event.preventDefault();
		if (busy.current)
			return;
		const name = form.current.elements.name.value.trim();
		const password = form.current.elements.password.value;
		const code = form.current.elements.code?.value;
		const problems = check(name, password, code);
		const attempt = state.attempt + 1;
		if (problems.length > 0) {
			setState({ problems, attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: true });
		try {
			await signIn(name, password, code === undefined ? undefined : plainCode(code));
			goInstead("/servers");
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
	const usePasskey = async () => {
		if (busy.current || obstacle)
			return;
		const attempt = state.attempt + 1;
		busy.current = true;
		setState({ problems: [], attempt, busy: "passkey" });
		try {
			await signInByPasskey();
			goInstead("/servers");
		} catch (error) {
			setState({ problems: [passkeyProblem(error) ?? problemsFrom(error)[0]], attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	return html`<div class="narrow">
		<${Heading} text=${t("sign-in")} help="sign-in"/>
		${because === "expired" && state.problems.length === 0 && html`<div class="notice"><p>${t("sign-in.expired")}</p></div>`}
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<${TextField} id="name" label=${t("person.name")} problems=${state.problems} autocomplete="username"
				autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="64"/>
			<${PasswordField} id="password" label=${t("password")} problems=${state.problems} autocomplete="current-password" maxlength="256"/>
			${needsCode && html`<${CodeField} problems=${state.problems}/>`}
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy === true ? "sign-in.busy" : "sign-in")}</button>
			</div>
		</form>
		<div class="buttons passkey-sign-in">
			<button type="button" class="button" id="use-passkey" onClick=${usePasskey} aria-disabled=${obstacle || state.busy ? "true" : undefined}
				aria-describedby=${obstacle ? "passkey-obstacle" : undefined}>${t(state.busy === "passkey" ? "sign-in.busy" : "sign-in.passkey")}</button>
			${obstacle && html`<p class="hint" id="passkey-obstacle">${t(`passkeys.obstacle.${obstacle}`)}</p>`}
		</div>
		<p><a href="#/forgot-password">${t("forgot")}</a></p>
	</div>`;
}
