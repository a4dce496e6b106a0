// The target of a request (RFC 9112 3.2): which forms there are, and what they say.
import { isToken, isVisible } from "./grammar.ts";

const SCHEME_END = "://";

// request-target = origin-form / absolute-form / authority-form / asterisk-form
// Characters are checked no further than VCHAR without "#", as everyone sends some that RFC 3986 does not allow.
export function isTarget(method: string, target: string): boolean {
  if (!isVisible(target) || target.includes("#")) return false;
  if (target.startsWith("/")) return true;
  if (method === "CONNECT") return true;
  if (target === "*") return method === "OPTIONS";
  return schemeLength(target) > 0;
}

// absolute-form = scheme "://" authority path-abempty [ "?" query ]
function schemeLength(target: string): number {
  const length = target.indexOf(SCHEME_END);
  return length > 0 && isToken(target.slice(0, length)) ? length : 0;
}

function authorityEnd(target: string, start: number): number {
  for (let i = start; i < target.length; i++) {
    if (target[i] === "/" || target[i] === "?") return i;
  }
  return target.length;
}

/** Path and query of a target in absolute-form or origin-form, such as `/chat?room=1`; other forms as they are. */
export function originForm(target: string): string {
  const scheme = target.startsWith("/") ? 0 : schemeLength(target);
  if (scheme === 0) return target;
  const rest = target.slice(authorityEnd(target, scheme + SCHEME_END.length));
  return rest.startsWith("/") ? rest : `/${rest}`;
}

/** Host and port in a target in absolute-form, as it is written there; `null` in the other forms. */
export function targetAuthority(target: string): string | null {
  const scheme = target.startsWith("/") ? 0 : schemeLength(target);
  if (scheme === 0) return null;
  const start = scheme + SCHEME_END.length;
  const authority = target.slice(start, authorityEnd(target, start));
  return authority.slice(authority.lastIndexOf("@") + 1);
}
