// The version of this package, for the User-Agent and Server headers.

/** Equal to `version` in package.json. */
export const VERSION = "0.1.0";
