// The other end of `Subject`, in the process under test.

/** CPU time of all threads of this process, in microseconds. */
export function cpuTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Says hello, answers every question, and ends with the benchmark. */
export function answer(greeting, reply) {
  process.on("message", (question) => void answerOne(question, reply));
  process.on("disconnect", () => process.exit(0));
  process.send?.(greeting);
}

async function answerOne(question, reply) {
  try {
    process.send?.(await reply(question));
  } catch (error) {
    console.error(error);
    process.exit(1);
  }
}
