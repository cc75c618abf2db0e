// The link for a new password: see whose it is, choose one or make a passkey, and be signed in.

import { t } from "../lib/i18n.js";
import { min_password, passwordProblem } from "../lib/password.js";
import { goInstead } from "../lib/router.js";
import { checkPasswordReset, makePasskeyForReset, me, redeemPasswordReset, redeemPasswordResetByPasskey } from "../lib/session.js";
import { plainCode } from "../lib/two-step.js";
import { announce, html, useValue } from "../lib/ui.js";
import { CodeField, codeProblem, codeProblemFrom } from "../parts/code.js";
import { Failure } from "../parts/failure.js";
import { PasswordField, problemsOf, Summary } from "../parts/form.js";
import { nameOfPasskey, PasskeyInstead, passkeyProblem } from "../parts/passkey-instead.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Heading } from "./room.js";

function problemsFrom(error) {
	if (error.code === "wrong_code")
		return [codeProblemFrom(error)];
	if (error.code === "rate_limit_exceeded")
		return [{ key: "sign-in.too-often", error }];
	if (error.code === "resource_limit_exceeded")
		return [{ key: "link.passkey.many" }];
	const problem = passkeyProblem(error);
	return problem ? [problem] : problemsOf(error, {
		password: { field: "password", key: "invitation.password.refused" },
	}) ?? [{ key: "new-password.failed", error }];
}

/** Used, too old, or void since another was made; or the key itself is none. */
const isGone = (error) => ["not_found", "gone"].includes(error.code) || error.fields.some(({ name }) => name === "key");

function Gone({ signedIn }) {
	return html`<div class="narrow">
		<${Heading} text=${t("new-password.gone")}/>
		<p>${t("new-password.gone.what")}</p>
		<p class="buttons"><a class="button" href=${signedIn ? "#/servers" : "#/sign-in"}>${t(signedIn ? "nav.servers" : "sign-in")}</a></p>
	</div>`;
}

export function NewPassword({ parameters: { key } }) {
	const person = useValue(me);
	const form = useRef(null);
	const busy = useRef(false);
	const made = useRef(null); // by the device, until a right code comes with it
	const [link, setLink] = useState({ state: "loading" });
	const [needsCode, setNeedsCode] = useState(false);
	const [state, setState] = useState({ problems: [], attempt: 0, busy: false });

	const read = async (isWanted = () => true) => {
		setLink({ state: "loading" });
		try {
			const { user } = await checkPasswordReset(key);
			if (isWanted())
				setLink({ state: "ready", name: user.name });
		} catch (error) {
			if (isWanted())
				setLink({ state: isGone(error) ? "gone" : "failed", error });
		}
	};
	useEffect(() => {
		let wanted = true;
		read(() => wanted);
		return () => { wanted = false; };
	}, [key]);

	useEffect(() => {
		if (needsCode)
			form.current.elements.code.focus();
	}, [needsCode]);
	/** @param how  true or "passkey"; @param judge, work  of the code that was typed, if one is asked for */
	const enter = async (how, judge, work) => {
		if (busy.current)
			return;
		const code = form.current.elements.code?.value;
		const problems = [judge(), code !== undefined && codeProblem(code)].filter(Boolean);
		const attempt = state.attempt + 1;
		if (problems.length > 0) {
			setState({ problems, attempt, busy: false });
			return;
		}
		busy.current = true;
		setState({ problems: [], attempt, busy: how });
		try {
			await work(code === undefined ? undefined : plainCode(code));
			goInstead("/servers");
			announce(t(how === "passkey" ? "link.passkey.done" : "new-password.done"));
		} catch (error) {
			if (!["code_required", "wrong_code", "rate_limit_exceeded"].includes(error.code))
				made.current = null;
			if (isGone(error))
				setLink({ state: "gone", error });
			else if (error.code === "code_required") {
				setNeedsCode(true);
				setState({ problems: [], attempt, busy: false });
			} else
				setState({ problems: problemsFrom(error), attempt: attempt + 1, busy: false });
		} finally {
			busy.current = false;
		}
	};
	const submit = (event) => {
		event.preventDefault();
		const password = form.current.elements.password.value;
		return enter(true, () => passwordProblem("password", password, link.name), (code) => redeemPasswordReset(key, password, code));
	};
	const usePasskey = () => enter("passkey", () => null, async (code) => {
		made.current ??= await makePasskeyForReset(key);
		await redeemPasswordResetByPasskey(key, made.current, nameOfPasskey(), code);
	});

	if (link.state === "gone")
		return html`<${Gone} signedIn=${Boolean(person)}/>`;
	if (link.state !== "ready")
		return html`<div class="narrow">
			<${Heading} text=${t("new-password")}/>
			${link.state === "failed"
				? html`<${Failure} title=${t("new-password.unread")} error=${link.error} onRetry=${() => read()}/>`
				: html`<p class="waiting">${t("new-password.loading")}</p>`}
		</div>`;
	const signedInAs = person?.user?.name;
	return html`<div class="narrow">
		<${Heading} text=${t("new-password")} help="sign-in"/>
		<p>${t("new-password.what", { name: link.name })}</p>
		${signedInAs && signedInAs !== link.name && html`<div class="notice"><p>${t("new-password.signed-in", { name: signedInAs, next: link.name })}</p></div>`}
		<${Summary} ...${state}/>
		<form ref=${form} onSubmit=${submit} novalidate>
			<input class="visually-hidden" type="text" value=${link.name} autocomplete="username" readonly tabindex="-1" aria-hidden="true"/>
			<${PasswordField} id="password" label=${t("new-password.field")} hint=${t("invitation.password.hint", { min: min_password })}
				problems=${state.problems} autocomplete="new-password"/>
			${needsCode && html`<${CodeField} problems=${state.problems}/>`}
			<div class="buttons">
				<button class="button primary" aria-disabled=${state.busy ? "true" : undefined}>${t(state.busy === true ? "new-password.busy" : "invitation.submit")}</button>
			</div>
		</form>
		<${PasskeyInstead} what=${t("link.passkey.reset")} busy=${state.busy} onUse=${usePasskey}/>
	</div>`;
}
