import { expectTypeOf, test } from "vitest";
import type { PathParams, RouteParams } from "../../src/router/path-params.ts";

test("PathParams has the names of a pattern and the types of their values", () => {
  expectTypeOf<PathParams<"/chat/:room">>().toEqualTypeOf<{ readonly room: string }>();
  expectTypeOf<PathParams<"/:a-:b.:c/x">>().toEqualTypeOf<{
    readonly a: string;
    readonly b: string;
    readonly c: string;
  }>();
  expectTypeOf<PathParams<"/:größe_1/x">>().toEqualTypeOf<{ readonly größe_1: string }>();
  expectTypeOf<PathParams<"/files/*path">>().toEqualTypeOf<{ readonly path: readonly string[] }>();
  expectTypeOf<PathParams<"/a{/:b{-:c}}/:d">>().toEqualTypeOf<{
    readonly b?: string | undefined;
    readonly c?: string | undefined;
    readonly d: string;
  }>();
  expectTypeOf<PathParams<"/a}/:d">>().toEqualTypeOf<{ readonly d: string }>();
  expectTypeOf<PathParams<string>>().toEqualTypeOf<RouteParams>();
  expectTypeOf<PathParams<'/:"a-b"'>>().toEqualTypeOf<RouteParams>();
  expectTypeOf<PathParams<"/\\:a/:b">>().toEqualTypeOf<RouteParams>();
});
