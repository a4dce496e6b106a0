// The option `compression` of connections: presets, and the factories that they stand for.
import { ClientDeflateFactory } from "./client-deflate-factory.ts";
import { type CodecsNotice, type LoadCompression, sharedNotice } from "./codecs.ts";
import type { ClientPerMessageDeflateOptions, ServerPerMessageDeflateOptions } from "./deflate-options.ts";
import type { ClientExtensionFactory, ServerExtensionFactory } from "./extension.ts";
import { PER_MESSAGE_DEFLATE } from "./per-message-deflate.ts";
import { ServerDeflateFactory } from "./server-deflate-factory.ts";

/**
 * Named settings. `"deflate"`: windows of 4 KiB, which are kept between messages; `"shared"`: no memory between
 * messages; `"max"`: windows of 32 KiB.
 */
export type CompressionPreset = "deflate" | "shared" | "max";

/** A preset; settings in place of some of `"deflate"`; or `null` for no compression. */
export type ClientCompression = CompressionPreset | ClientPerMessageDeflateOptions | null;

/** A preset; settings in place of some of `"deflate"`; or `null` for no compression. */
export type ServerCompression = CompressionPreset | ServerPerMessageDeflateOptions | null;

/** What fits both sides. */
type Preset = Pick<
  ServerPerMessageDeflateOptions,
  "serverNoContextTakeover" | "clientNoContextTakeover" | "serverMaxWindowBits" | "clientMaxWindowBits" | "memLevel"
>;

const DEFLATE: Preset = { serverMaxWindowBits: 12, clientMaxWindowBits: 12, memLevel: 5 };

const PRESETS: ReadonlyMap<CompressionPreset, Preset> = new Map([
  ["deflate", DEFLATE],
  ["shared", { ...DEFLATE, serverNoContextTakeover: true, clientNoContextTakeover: true }],
  ["max", { memLevel: 8 }],
]);

/** Where nobody listens. */
function ignore(): void {}

/**
 * Makes the factories that the option stands for.
 *
 * @param option Default: `"deflate"`.
 * @param report Told, once a thread, that messages are not compressed because there is no WebAssembly.
 * @throws {TypeError | RangeError} For an option that cannot be used.
 */
export function compressionFactories(
  option: ClientCompression | undefined,
  role: "client",
  report?: (message: string) => void,
  notice?: CodecsNotice,
): ClientExtensionFactory[];
export function compressionFactories(
  option: ServerCompression | undefined,
  role: "server",
  report?: (message: string) => void,
  notice?: CodecsNotice,
): ServerExtensionFactory[];
export function compressionFactories(
  option: ClientCompression | ServerCompression = "deflate",
  role: "client" | "server",
  report: (message: string) => void = ignore,
  notice: CodecsNotice = sharedNotice,
): (ClientExtensionFactory | ServerExtensionFactory)[] {
  if (option === null) return [];
  const load = notice.reportingTo(report);
  const { preset, own } = readOption(option);
  const options: ClientPerMessageDeflateOptions = { ...preset, ...own };
  if (role === "server") return [new ServerDeflateFactory(options as ServerPerMessageDeflateOptions, load)];
  return clientFactories(options, own, load);
}

/**
 * A server that cannot limit its window must decline an offer that asks for it (RFC 7692 7.1.2.1), and `ws` does so too when
 * it is set to a larger window for the client than was offered. Both get another offer, but not of what was set by hand.
 */
function clientFactories(
  options: ClientPerMessageDeflateOptions,
  own: Settings,
  load: LoadCompression,
): ClientExtensionFactory[] {
  const factory = new ClientDeflateFactory(options, load);
  const { serverMaxWindowBits: server = null, clientMaxWindowBits: client } = options;
  const serverMaxWindowBits = own.serverMaxWindowBits === undefined ? null : server;
  const isOpen = own.clientMaxWindowBits === undefined && typeof client === "number";
  if (serverMaxWindowBits === server && !isOpen) return [factory];
  const second = { ...options, serverMaxWindowBits, ...(isOpen && { clientMaxWindowBits: true as const }) };
  return [factory, new ClientDeflateFactory(second, load, isOpen ? client : undefined)];
}

/**
 * The extensions of an application, and behind them what `compressionFactories` made: unless permessage-deflate is among
 * the former, which then stays as it is and where it is.
 */
export function withCompression<Factory extends { readonly name: string }>(
  extensions: readonly Factory[],
  factories: readonly Factory[],
): readonly Factory[] {
  if (extensions.some(({ name }) => name === PER_MESSAGE_DEFLATE)) return extensions;
  return [...extensions, ...factories];
}

type Settings = ClientPerMessageDeflateOptions | ServerPerMessageDeflateOptions;

/** The preset of an option, and settings that go before those of the preset. */
function readOption(option: CompressionPreset | Settings): { readonly preset: Preset; readonly own: Settings } {
  if (typeof option === "object" && !Array.isArray(option)) {
    const own = Object.entries(option).filter(([, value]) => value !== undefined);
    return { preset: DEFLATE, own: Object.fromEntries(own) };
  }
  const preset = PRESETS.get(option as CompressionPreset);
  if (preset === undefined)
    throw new TypeError('Cannot use compression: expected "deflate", "shared", "max", settings or null');
  return { preset, own: {} };
}
