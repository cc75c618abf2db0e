// What a new password must be, before the service is asked: it judges again, and more strictly.

export const min_password = 12;
const max_password_bytes = 256;

/** What is wrong with it, for the form's field `field`; null when nothing is. `name` is whose it shall be. */
export function passwordProblem(field, password, name) {
	if ([...password].length < min_password)
		return { field, key: "invitation.password.short", values: { min: min_password } };
	if (new TextEncoder().encode(password).length > max_password_bytes)
		return { field, key: "invitation.password.long" };
	if (password.toLowerCase() === name)
		return { field, key: "invitation.password.refused" };
	return null;
}
