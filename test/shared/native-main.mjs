// Runs the cases of native-cases.mjs on the runtime that runs this: node native-main.mjs <entry of the library> <context as JSON>
import { NATIVE_CASES, runNativeCases } from "./native-cases.mjs";

const [entry, context] = process.argv.slice(2);
const { connect } = await import(entry);
console.log(JSON.stringify(await runNativeCases(NATIVE_CASES, { connect, ...JSON.parse(context) })));
