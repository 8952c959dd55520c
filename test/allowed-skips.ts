/** Tests that CI may skip, by the beginning of their full title, each with the reason why it cannot run there. */
export const ALLOWED_SKIPS: readonly string[] = [];
