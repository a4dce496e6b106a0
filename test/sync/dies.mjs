// Options for a connection whose thread will end by an error that nobody catches.
setTimeout(() => {
  throw new Error("the end of this thread");
}, 300);
export default {};
