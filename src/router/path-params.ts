// Types of the parameters that a pattern names, read from the pattern itself.

/** Parameters of a pattern that is not known when types are checked. */
export type RouteParams = Readonly<Record<string, string | readonly string[] | undefined>>;

/** What may not be in a name that is not quoted. Everything outside of ASCII is taken for a part of it. */
type NameEnd =
  | "/"
  | "-"
  | "."
  | ","
  | ";"
  | ":"
  | "*"
  | "{"
  | "}"
  | "("
  | ")"
  | "["
  | "]"
  | "<"
  | ">"
  | "!"
  | "?"
  | "+"
  | "="
  | "@"
  | "&"
  | "#"
  | "%"
  | "^"
  | "~"
  | "|"
  | "'"
  | "`"
  | " ";

/** The name at the beginning of `Text`, and what follows it. */
type TakeName<Text extends string, Name extends string = ""> = Text extends `${infer Char}${infer Rest}`
  ? Char extends NameEnd
    ? [Name, Text]
    : TakeName<Rest, `${Name}${Char}`>
  : [Name, ""];

/** `Name` with its value: required outside of all braces, optional inside of one. */
type Param<Name extends string, Value, Depth extends readonly unknown[]> = Depth extends readonly []
  ? { readonly [K in Name]: Value }
  : { readonly [K in Name]?: Value | undefined };

/** Walks through a pattern. `Depth` has an element for each open brace. */
type Walk<Text extends string, Depth extends readonly unknown[], Found> = Text extends `${infer Char}${infer Rest}`
  ? Char extends "{"
    ? Walk<Rest, [...Depth, Char], Found>
    : Char extends "}"
      ? Walk<Rest, Depth extends readonly [unknown, ...infer Outer] ? Outer : [], Found>
      : Char extends ":"
        ? WalkParam<TakeName<Rest>, string, Depth, Found>
        : Char extends "*"
          ? WalkParam<TakeName<Rest>, readonly string[], Depth, Found>
          : Walk<Rest, Depth, Found>
  : Found;

type WalkParam<Taken extends [string, string], Value, Depth extends readonly unknown[], Found> = Walk<
  Taken[1],
  Depth,
  Found & Param<Taken[0], Value, Depth>
>;

/**
 * The parameters of a pattern: `PathParams<"/chat/:room{/:page}">` is `{ room: string, page?: string }`. Of a pattern
 * that is only known when it runs, or that has quotes or a backslash, it is `RouteParams`.
 */
export type PathParams<Pattern extends string> = string extends Pattern
  ? RouteParams
  : Pattern extends `${string}${'"' | "\\"}${string}`
    ? RouteParams
    : Walk<Pattern, [], unknown> extends infer Found
      ? { readonly [Name in keyof Found]: Found[Name] }
      : never;
