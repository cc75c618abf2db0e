// Where a secondary zone is fetched from, as it is typed and as it is shown.

/** "192.0.2.1", "192.0.2.1:5353", "2001:db8::1" or "[2001:db8::1]:5353" → {address, port?}; null: none of these. */
export function primaryOf(line) {
	const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:.]+)\]|(\d+(?:\.\d+){3}))(?::(\d{1,5}))?$/.exec(line) ?? [];
	if (bracketed ?? plain)
		return { address: bracketed ?? plain, ...(port ? { port: Number(port) } : {}) };
	return /^[0-9a-fA-F]*:[0-9a-fA-F:.]+$/.test(line) ? { address: line } : null;
}

/** The same the other way round. */
export const lineOf = ({ address, port }) => (port === 53 ? address : `${address.includes(":") ? `[${address}]` : address}:${port}`);

export const algorithms = ["hmac-sha256", "hmac-sha512", "hmac-sha1", "hmac-md5"];
