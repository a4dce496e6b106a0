import { expectTypeOf, test } from "vitest";
import type { Connection } from "../../src/connection/connection.ts";
import type { Connect } from "../../src/client/connect.ts";
import type { BasicAuth } from "../../src/server/basic-auth.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import type { Serve } from "../../src/server/serve.ts";
import type { Handler } from "../../src/server/server.ts";
import type { Server, ServerConnection } from "../../src/server/server-connection.ts";

interface User {
  name: string;
}

test("data has the type that the user gives it, in the handler, in hooks, and in connections of the server", () => {
  const check = (serve: Serve, handler: Handler<User>, auth: BasicAuth): void => {
    expectTypeOf(serve(handler)).resolves.toEqualTypeOf<Server<User>>();
    void serve<User>((ws) => void expectTypeOf(ws.data).toEqualTypeOf<User>(), {
      processRequest(ws) {
        ws.data = { name: "Ann" };
      },
    });
    void serve<User>(handler, { processRequest: auth });
    void serve((ws) => void expectTypeOf(ws).toEqualTypeOf<ServerConnection>());
  };
  expectTypeOf(check).toBeFunction();
  expectTypeOf<Server<User>["connections"]>().toEqualTypeOf<Set<ServerConnection<User>>>();
  expectTypeOf<ServeOptions>().toEqualTypeOf<ServeOptions<unknown>>();
});

test("a client has it too, awaited and in a loop; without it data is unknown", () => {
  const check = async (connect: Connect): Promise<void> => {
    expectTypeOf((await connect<User>("ws://a/")).data).toEqualTypeOf<User>();
    expectTypeOf((await connect("ws://a/")).data).toBeUnknown();
    for await (const ws of connect<User>("ws://a/")) expectTypeOf(ws).toExtend<Connection<User>>();
  };
  expectTypeOf(check).toBeFunction();
});
