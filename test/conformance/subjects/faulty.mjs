// Has a fault that nobody handles, a "rejection" or an "exception": it must end the process, aloud.
const [kind] = process.argv.slice(2);

if (kind === "rejection") void Promise.reject(new Error("nobody handles it"));
else {
  setTimeout(() => {
    throw new Error("nobody handles it");
  });
}
setTimeout(() => {}, 60_000);
