// Values of records of several parts: taken apart into what is typed in each field, and put together again.

const word = (name, more = {}) => ({ name, pattern: /^\S+$/, ...more });
const count = (name, max = 65535) => ({ name, max, pattern: /^\d{1,5}$/ });
const hex = (name) => ({ name, pattern: /^[0-9A-Fa-f]+$/, wide: true, hex: true });
const target = word("target", { wide: true });

/** The parts of each type, in their order. */
export const partsOf = {
	MX: [count("priority"), target],
	SRV: [count("priority"), count("weight"), count("port"), target],
	CAA: [count("flags", 255), { name: "tag", pattern: /^[A-Za-z0-9]+$/ }, { name: "value", wide: true, quoted: true }],
	TLSA: [count("usage", 255), count("selector", 255), count("matching", 255), hex("data")],
	SSHFP: [count("algorithm", 255), count("fingerprint-type", 255), hex("fingerprint")],
	DS: [count("key-tag"), count("algorithm", 255), count("digest-type", 255), hex("digest")],
};

/** What is wrong with what was typed for one part: the key of its words, or null. */
export function judgePart({ pattern, max, hex: isHex, quoted }, typed) {
	if (quoted)
		return null;
	if (typed === "")
		return "rrset.part.missing";
	if (max !== undefined)
		return pattern.test(typed) && Number(typed) <= max ? null : "rrset.part.number";
	if (isHex)
		return pattern.test(typed.replace(/\s/g, "")) ? null : "rrset.part.hex";
	return pattern.test(typed) ? null : "rrset.part.word";
}

/** A value → what stands in each field; null: not of that shape, so it is shown as the text that it is. */
export function takeApart(type, value) {
	const parts = partsOf[type];
	const found = [];
	let rest = value.trim();
	for (const [at, part] of parts.entries()) {
		const isLast = at === parts.length - 1;
		// Other escapes stay as they are written: only the text shows them whole.
		const taken = part.quoted ? /^"((?:[^"\\]|\\["\\])*)"$/.exec(rest) : isLast && part.hex ? [rest, rest.replace(/\s/g, "")] : /^(\S+)(?:\s+|$)/.exec(rest);
		if (!taken)
			return null;
		const typed = part.quoted ? taken[1].replace(/\\(.)/g, "$1") : taken[1];
		if (judgePart(part, typed) !== null)
			return null;
		found.push(typed);
		rest = rest.slice(taken[0].length);
	}
	return rest === "" ? found : null;
}

export function putTogether(type, typed) {
	return partsOf[type].map(({ quoted, hex: isHex }, at) => (quoted ? `"${typed[at].replace(/["\\]/g, "\\$&")}"` : isHex ? typed[at].replace(/\s/g, "") : typed[at])).join(" ");
}
