// The servers of the shared suite as a program: prints their places, and runs until its input ends, or for ever.
// node serve.mjs <entry of the library> <folder for sockets> [forever]
import { openServers } from "./servers.mjs";

const [entry, folder, until] = process.argv.slice(2);
const { places, close } = await openServers(await import(entry), `${folder}/shared.sock`);
console.log(JSON.stringify(places));
if (until !== "forever") {
  process.stdin.resume();
  process.stdin.on("end", () => void close().then(() => process.exit()));
}
