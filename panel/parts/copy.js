// An address or a command in a monospaced face, with a button that copies it.

import { t } from "../lib/i18n.js";
import { announce, html } from "../lib/ui.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { Icon } from "./icon.js";

const shown_ms = 2000;

async function copyText(element) {
	try {
		await navigator.clipboard.writeText(element.textContent);
		return true;
	} catch {
		// Not allowed here: select it, so that one key press copies it.
		getSelection().selectAllChildren(element);
		return false;
	}
}

/** {result, copy}: copy() copies what the element has; result is "copied" or "selected" for a while, then null. */
function useCopying(element) {
	const [result, setResult] = useState(null);

	useEffect(() => {
		if (result === null)
			return undefined;
		const timer = setTimeout(() => setResult(null), shown_ms);
		return () => clearTimeout(timer);
	}, [result]);

	const copy = async () => {
		const done = await copyText(element.current);
		setResult(done ? "copied" : "selected");
		announce(t(done ? "copy.copied" : "copy.selected"));
	};
	return { result, copy };
}

function CopyButton({ result, onCopy, what }) {
	return html`<button type="button" class="button small" onClick=${onCopy}>
		<${Icon} name=${result === "copied" ? "success" : "copy"}/>
		<span>${t(result ? `copy.${result}` : "copy.copy")}</span>
		${what && html`<span class="visually-hidden"> ${what}</span>`}
	</button>`;
}

/** @param what  says to screen readers what is copied */
export function Copy({ text, what }) {
	const code = useRef(null);
	const { result, copy } = useCopying(code);

	return html`<span class="copy">
		<code ref=${code} translate="no">${text.split(" ").flatMap((word, index) =>
			[index > 0 && " ", html`<span class="word">${word}</span>`])}</code>
		<${CopyButton} result=${result} onCopy=${copy} what=${what}/>
	</span>`;
}

/** Several lines, as they are. */
export function CopyBlock({ text }) {
	const code = useRef(null);
	const { result, copy } = useCopying(code);

	return html`<div class="copy-block">
		<pre translate="no"><code ref=${code}>${text}</code></pre>
		<${CopyButton} result=${result} onCopy=${copy} what=${text.split("\n", 1)[0]}/>
	</div>`;
}
