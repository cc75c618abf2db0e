// Something the API is asked for when a room is opened.

import { useEffect, useRef, useState } from "../vendor/hooks.js";

/** Read when the room is opened, and again whenever `key` is another. */
export function useRead(read, key) {
	const [found, setFound] = useState({ value: null, failure: null });
	const asked = useRef(0);
	const again = async () => {
		const mine = ++asked.current;
		try {
			const value = await read();
			if (mine === asked.current)
				setFound({ value, failure: null });
		} catch (failure) {
			if (mine === asked.current)
				setFound((before) => ({ ...before, failure: before.value ? null : failure }));
		}
	};
	useEffect(() => {
		again();
		return () => { asked.current++; };
	}, [key]);
	return { ...found, again, setValue: (value) => setFound({ value, failure: null }) };
}
