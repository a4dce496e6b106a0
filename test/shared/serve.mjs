// The servers of the shared suite as a program: prints their places, and runs until its input ends.
// node serve.mjs <entry of the library> <folder for sockets>
import { openServers } from "./servers.mjs";

const [entry, folder] = process.argv.slice(2);
const { places, close } = await openServers(await import(entry), `${folder}/shared.sock`);
console.log(JSON.stringify(places));
process.stdin.resume();
process.stdin.on("end", () => void close().then(() => process.exit()));
