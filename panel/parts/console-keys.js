// Keys for who has none of them: a touch screen, or a keyboard whose browser keeps them.

import { t } from "../lib/i18n.js";
import { html } from "../lib/ui.js";
import { Menu } from "./menu.js";

const f_keys = Array.from({ length: 12 }, (_, i) => `F${i + 1}`);

/** Names of keys as they stand on a keyboard; the same in every language. */
const faces = { Ctrl: "Ctrl", Alt: "Alt", Tab: "Tab", Escape: "Esc", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓", ArrowRight: "→" };
const spoken = { ArrowLeft: "key.left", ArrowUp: "key.up", ArrowDown: "key.down", ArrowRight: "key.right" };

/**
 * @param held      {Ctrl, Alt}: those that wait for the next key
 * @param onHold    (name) for Ctrl and Alt
 * @param onKey     (name) for the others: "Tab", "Escape", "ArrowUp", "F1", "CtrlAltDel", …
 * @param onKeyboard  brings the soft keyboard up
 * @param chords    [{id, text}]: more for the menu
 */
export function ConsoleKeys({ id, isOff, held, onHold, onKey, onKeyboard, chords, hasCtrlAltDel }) {
	const off = isOff ? "true" : undefined;
	const press = (name) => isOff || onKey(name);
	// A press must not take the focus, or a touch screen's keyboard would go down at each key.
	const keepFocus = (event) => event.preventDefault();
	const choices = [...chords, ...f_keys.map((key) => ({ id: key, text: key }))];

	return html`<div class="console-keys" role="group" aria-label=${t("console.keys")}>
		<button type="button" class="button small" aria-disabled=${off} onClick=${() => isOff || onKeyboard()}>${t("keys.keyboard")}</button>
		${["Ctrl", "Alt"].map((key) => html`<button key=${key} type="button" class="button small" aria-disabled=${off} aria-pressed=${String(held[key])}
			onMouseDown=${keepFocus} onClick=${() => isOff || onHold(key)}>${faces[key]}</button>`)}
		${["Tab", "Escape", "ArrowLeft", "ArrowUp", "ArrowDown", "ArrowRight"].map((key) => html`<button key=${key} type="button" class="button small"
			aria-disabled=${off} onMouseDown=${keepFocus} onClick=${() => press(key)} aria-label=${spoken[key] && t(spoken[key])}>${faces[key]}</button>`)}
		${hasCtrlAltDel && html`<button type="button" class="button small" aria-disabled=${off} onMouseDown=${keepFocus}
			onClick=${() => press("CtrlAltDel")}>Ctrl+Alt+Del</button>`}
		${!isOff && html`<${Menu} id=${`${id}-keys`} name="" shown=${t("keys.send")} choices=${choices} onChoose=${press}/>`}
	</div>`;
}
