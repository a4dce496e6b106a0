// Loads modules that users name.

/**
 * The default export of a module.
 *
 * @param url Absolute.
 */
export async function loadDefault(url: string): Promise<unknown> {
  const module = (await import(url)) as { readonly default?: unknown };
  return module.default;
}
