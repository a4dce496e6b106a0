// What the compiler knows: these tests are run by it, and by Vitest to no effect.
import { expectTypeOf, test } from "vitest";
import type { ClientConnection } from "../../src/client/client-connection.ts";
import type { Connect } from "../../src/client/connect.ts";
import type { ConnectOptions } from "../../src/client/options.ts";
import type { ServeOptions } from "../../src/server/options.ts";
import type { Handler } from "../../src/server/server.ts";
import type { Server } from "../../src/server/server-connection.ts";
import { ServerConnection } from "../../src/server/server-connection.ts";
import type { Serve } from "../../src/server/serve.ts";
import { route } from "../../src/router/router.ts";

interface User {
  readonly name: string;
}

class Player extends ServerConnection<User> {
  score = 0;
}

declare class Guide extends ClientClass {
  readonly language: string;
}
declare const ClientClass: new (...args: never[]) => ClientConnection<User>;
type ClientClass = ClientConnection<User>;

/** Calls nothing: there is nothing to run. */
const ignore: (code: () => unknown) => void = () => {};

test("serve() gives handler and hooks the class of connections, and the type of their data", () => {
  ignore(async () => {
    const serve = undefined as unknown as Serve;
    const server = await serve((ws) => expectTypeOf(ws).toEqualTypeOf<Player>() as never, {
      createConnection: Player,
      processRequest: (ws) => expectTypeOf(ws).toEqualTypeOf<Player>() as never,
      processResponse: (ws) => expectTypeOf(ws).toEqualTypeOf<Player>() as never,
    });
    expectTypeOf(server.connections).toEqualTypeOf<Set<Player>>();

    const other = await serve<User>((ws) => expectTypeOf(ws).toEqualTypeOf<ServerConnection<User>>() as never);
    expectTypeOf(other.connections).toEqualTypeOf<Set<ServerConnection<User>>>();

    await serve((ws) => expectTypeOf(ws).toEqualTypeOf<ServerConnection>() as never, { port: 1 });
    // @ts-expect-error Nothing says that connections are players.
    await serve((ws: Player) => void ws.score);
  });
});

test("serve() takes options and handlers that were typed before", () => {
  ignore(async () => {
    const serve = undefined as unknown as Serve;
    const options = undefined as unknown as ServeOptions;
    const handler = undefined as unknown as Handler<User>;
    class Plain extends ServerConnection {}
    await serve<User>((ws) => ws.send(ws.data.name), options);
    await serve((ws: ServerConnection<User>) => ws.send(ws.data.name), { ...options, port: 1 });
    await serve(handler, options);
    await serve<User>((ws) => ws.send(ws.data.name), { createConnection: Plain });
    await serve(handler, { createConnection: Plain });
    const typed: ServeOptions<User> = options;
    await serve(undefined as unknown as Handler, typed as ServeOptions);
    const wrapped = <D>(own: Handler<D>, others: ServeOptions<D>): Promise<Server<D>> => serve(own, others);
    await wrapped(handler, typed);
  });
});

test("connect() takes options that were typed before", () => {
  ignore(async () => {
    const connect = undefined as unknown as Connect;
    const options = undefined as unknown as ConnectOptions;
    expectTypeOf(await connect<User>("", options)).toEqualTypeOf<ClientConnection<User>>();
    expectTypeOf(await connect<User>("", { ...options, maxSize: 1 })).toEqualTypeOf<ClientConnection<User>>();
  });
});

test("connect() gives the class of the connection, and the type of its data", () => {
  ignore(async () => {
    const connect = undefined as unknown as Connect;
    expectTypeOf(await connect("", { createConnection: Guide })).toEqualTypeOf<Guide>();
    for await (const ws of connect("", { createConnection: Guide })) expectTypeOf(ws).toEqualTypeOf<Guide>();
    expectTypeOf(await connect<User>("", { compression: null })).toEqualTypeOf<ClientConnection<User>>();
    expectTypeOf(await connect("")).toEqualTypeOf<ClientConnection>();
  });
});

test("route() takes handlers for a class of connections, and serve() takes its router", () => {
  ignore(async () => {
    const serve = undefined as unknown as Serve;
    const router = route({
      "/play/:game": (ws: Player, { game }) => void (ws.score = game.length),
      "/watch": (ws) => void ws.score,
      "/old": { redirect: "/watch" },
    });
    const { processRequest } = router;
    await serve(router.handler, { createConnection: Player, processRequest });
    // @ts-expect-error Nothing says that connections are players.
    await serve(router.handler, { processRequest });

    const plain = route({ "/:room": (ws, { room }) => ws.send(room) });
    await serve(plain.handler, { processRequest: plain.processRequest });
    await serve<User>(plain.handler, { processRequest: plain.processRequest });
    const users = route([["/", (ws: ServerConnection<User>) => ws.send(ws.data.name)]]);
    await serve<User>(users.handler, { processRequest: users.processRequest });
  });
});
