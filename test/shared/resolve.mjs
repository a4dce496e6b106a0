// Prints which file `wsasm` is here.
console.log(import.meta.resolve("wsasm"));
