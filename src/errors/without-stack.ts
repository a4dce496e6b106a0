// Errors that the network causes.

/**
 * Makes an error without a stack, where the engine lets us (V8). Only functions of this library would stand on it, and
 * collecting them is a tenth of what a connection costs from its opening to its end.
 */
export function withoutStack<E>(make: () => E): E {
  const limit: unknown = Reflect.get(Error, "stackTraceLimit");
  Reflect.set(Error, "stackTraceLimit", 0);
  try {
    return make();
  } finally {
    Reflect.set(Error, "stackTraceLimit", limit);
  }
}
