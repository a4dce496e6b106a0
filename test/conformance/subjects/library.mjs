// The built library, by the entry that the conditions of package.json give each runtime.
const entry = "Deno" in globalThis ? "deno" : "Bun" in globalThis ? "bun" : "index";

export const { connect, serve } = await import(`../../../dist/${entry}.js`);
