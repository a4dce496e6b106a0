/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm/router`: a handler for each path.
export type { PathParams, RouteParams } from "./router/path-params.ts";
export type { PathPattern, PathPatternResult } from "./router/pattern.ts";
export type { Redirect, RouteHandler, RouteList, RouteMap, RouterOptions, RouteTarget } from "./router/router.ts";
export { route, Router } from "./router/router.ts";
