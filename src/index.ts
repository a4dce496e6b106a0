/// <reference lib="esnext.disposable" preserve="true" />
// Entry `wsasm`: the library bound to the runtime that it runs on.
export * from "./node.ts";
