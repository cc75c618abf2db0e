// How a text is typed on a keyboard of the guest's layout. A character is a list of strokes; a
// stroke is a physical key, by its DOM code, with Shift or AltGr. Keys, not characters, travel to
// the guest (QEMU's extended key events), so what arrives depends on its layout alone, not on the
// visitor's own keyboard.
//
// Dead keys are followed by Space for the bare sign, or by a letter for an accented one. Where
// Linux's console, X and Debian's own maps disagree about a character, the key is one that they
// agree on; what they cannot agree on is a layout of its own (de without dead keys).

const digits = ["Digit1", "Digit2", "Digit3", "Digit4", "Digit5", "Digit6", "Digit7", "Digit8", "Digit9", "Digit0"];
const letters = (text) => [...text].map((letter) => `Key${letter.toUpperCase()}`);

// The rows of the main block, by physical place (named as on a US keyboard).
const number_row = [...digits, "Minus", "Equal"];
const upper_row = [...letters("qwertyuiop"), "BracketLeft", "BracketRight"];
const home_row = [...letters("asdfghjkl"), "Semicolon", "Quote"];
const lower_row = [...letters("zxcvbnm"), "Comma", "Period", "Slash"];

const grave = { a: "à", e: "è", i: "ì", o: "ò", u: "ù", A: "À", E: "È", I: "Ì", O: "Ò", U: "Ù" };
const acute = { a: "á", e: "é", i: "í", o: "ó", u: "ú", y: "ý", A: "Á", E: "É", I: "Í", O: "Ó", U: "Ú", Y: "Ý" };
const circumflex = { a: "â", e: "ê", i: "î", o: "ô", u: "û", A: "Â", E: "Ê", I: "Î", O: "Ô", U: "Û" };
const diaeresis = { a: "ä", e: "ë", i: "ï", o: "ö", u: "ü", y: "ÿ", A: "Ä", E: "Ë", I: "Ï", O: "Ö", U: "Ü" };

// plain, shift and altGr: the characters of the four rows and of single keys; a blank is a key
// that is not needed (or is dead).
const sources = {
	us: {
		rows: {
			plain: ["1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"],
			shift: ["!@#$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:\"", "ZXCVBNM<>?"],
		},
		keys: { Backquote: "`~", Backslash: "\\|" },
	},
	jp106: {
		rows: {
			plain: ["1234567890-^", "qwertyuiop@[", "asdfghjkl;:", "zxcvbnm,./"],
			shift: ["!\"#$%&'() =~", "QWERTYUIOP`{", "ASDFGHJKL+*", "ZXCVBNM<>?"],
		},
		// Both of the JIS keys ¥ and _ give a backslash without Shift. ¥ itself is the key so named:
		// it is what the guest makes of that key, on Linux a backslash.
		keys: { Backslash: "]}", IntlRo: "\\_", IntlYen: "¥|" },
	},
	uk: {
		rows: {
			plain: ["1234567890-=", "qwertyuiop[]", "asdfghjkl;'", "zxcvbnm,./"],
			shift: ["!\"£$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:@", "ZXCVBNM<>?"],
		},
		keys: { Backquote: "`¬", Backslash: "#~", IntlBackslash: "\\|" },
	},
	de: {
		rows: {
			plain: ["1234567890ß ", "qwertzuiopü+", "asdfghjklöä", "yxcvbnm,.-"],
			shift: ["!\"§$%&/()=? ", "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ", "YXCVBNM;:_"],
			altGr: ["      {[]}\\ ", "@          ~", "", "      µ"],
		},
		keys: { Backquote: " °", Backslash: "#'", IntlBackslash: "<>|" },
		dead: [
			{ on: "Backquote", alone: "^", letters: circumflex },
			{ on: "Equal", letters: acute },
			{ on: "Equal", shift: true, alone: "`", letters: grave },
		],
	},
	"de-nodeadkeys": {
		rows: {
			// No ´: the console's map for X's layout has an apostrophe in its place.
			plain: ["1234567890ß ", "qwertzuiopü+", "asdfghjklöä", "yxcvbnm,.-"],
			shift: ["!\"§$%&/()=?`", "QWERTZUIOPÜ*", "ASDFGHJKLÖÄ", "YXCVBNM;:_"],
			altGr: ["      {[]}\\ ", "@          ~", "", "      µ"],
		},
		keys: { Backquote: "^°", Backslash: "#'", IntlBackslash: "<>|" },
	},
	fr: {
		rows: {
			plain: ["&é\"'(-è_çà)=", "azertyuiop $", "qsdfghjklmù", "wxcvbn,;:!"],
			shift: ["1234567890°+", "AZERTYUIOP £", "QSDFGHJKLM%", "WXCVBN?./§"],
			altGr: [" ~#{[|`\\^@]}", "", "", ""],
		},
		keys: { Backslash: "*µ", IntlBackslash: "<>" },
		dead: [
			{ on: "BracketLeft", letters: circumflex },
			{ on: "BracketLeft", shift: true, letters: diaeresis },
		],
	},
};

export const layouts = Object.keys(sources);

const levels = { plain: {}, shift: { shift: true }, altGr: { altGr: true } };

function place(table, character, strokes) {
	if (character !== undefined && character !== " " && !table.has(character))
		table.set(character, strokes);
}

function build({ rows, keys, dead = [] }) {
	const table = new Map();
	const rowKeys = [number_row, upper_row, home_row, lower_row];

	for (const [level, modifiers] of Object.entries(levels)) {
		(rows[level] ?? []).forEach((text, row) =>
			[...text].forEach((character, i) => place(table, character, [{ code: rowKeys[row][i], ...modifiers }])));
	}
	for (const [code, characters] of Object.entries(keys)) {
		[...characters].forEach((character, level) =>
			place(table, character, [{ code, ...Object.values(levels)[level] }]));
	}
	table.set(" ", [{ code: "Space" }]);
	table.set("\n", [{ code: "Enter" }]);
	table.set("\t", [{ code: "Tab" }]);
	for (const { on, shift, alone, letters: accented } of dead) {
		const stroke = shift ? { code: on, shift } : { code: on };
		if (alone)
			place(table, alone, [stroke, { code: "Space" }]);
		for (const [letter, character] of Object.entries(accented))
			place(table, character, [stroke, ...table.get(letter)]);
	}
	return table;
}

const tables = new Map();

function tableOf(layout) {
	if (!tables.has(layout))
		tables.set(layout, build(sources[layout]));
	return tables.get(layout);
}

/** Every character that the layout can type. */
export function charactersOf(layout) {
	return [...tableOf(layout).keys()];
}

/** Line ends as one key; composed characters, since a layout knows no others. */
export function prepare(text) {
	return text.replace(/\r\n?/g, "\n").normalize("NFC");
}

/**
 * planTyping() - what to press for a text.
 * @return {strokes, missing}: strokes [{code, shift?, altGr?, character (index of it)}]; missing: the
 *         different characters that the layout does not have, in their order. With any missing,
 *         nothing is to be typed
 */
export function planTyping(text, layout) {
	const table = tableOf(layout);
	const strokes = [];
	const missing = new Set();
	let index = 0;

	for (const character of prepare(text)) {
		const found = table.get(character);
		if (!found)
			missing.add(character);
		else
			strokes.push(...found.map((stroke) => ({ ...stroke, character: index })));
		index++;
	}
	return missing.size > 0 ? { strokes: [], missing: [...missing] } : { strokes, missing: [] };
}

const keysyms = { Enter: 0xff0d, Tab: 0xff09, Space: 0x20, Backspace: 0xff08 };
export const shift_key = { code: "ShiftLeft", keysym: 0xffe1 };
export const altGr_key = { code: "AltRight", keysym: 0xfe03 };

/** A keysym for servers without extended key events; those with them go by the code. */
function keysymOf(stroke, characters) {
	const point = (characters[stroke.character] ?? " ").codePointAt(0);
	return keysyms[stroke.code] ?? (point < 0x100 ? point : 0x01000000 | point);
}

/**
 * Key events of a plan, one list for each stroke, so that a stroke is never cut in two by a cancel:
 * [{code, keysym, down}].
 */
export function eventsOf(strokes, text) {
	const characters = [...prepare(text)];
	return strokes.map((stroke) => {
		const held = [stroke.shift && shift_key, stroke.altGr && altGr_key].filter(Boolean);
		const key = { code: stroke.code, keysym: keysymOf(stroke, characters) };
		return [
			...held.map((each) => ({ ...each, down: true })),
			{ ...key, down: true },
			{ ...key, down: false },
			...held.reverse().map((each) => ({ ...each, down: false })),
		];
	});
}
