// Runs the cases of native-cases.mjs on the runtime that runs this: node native-main.mjs <entry of the library> <context as JSON>
import { NATIVE_CASES, READER_CASE, runNativeCases } from "./native-cases.mjs";

const [entry, given] = process.argv.slice(2);
const { connect } = await import(entry);
const { names, ...context } = JSON.parse(given);
const wanted = [...NATIVE_CASES, READER_CASE].filter(({ name }) => names.includes(name));
console.log(JSON.stringify(await runNativeCases(wanted, { connect, ...context })));
