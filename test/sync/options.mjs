// Options that are functions, for the thread of the connections.
import { basicAuth } from "wsasm";

export default {
  processRequest: basicAuth({ realm: "test", credentials: ["ada", "secret"] }),
  selectSubprotocol: (offered) => offered.at(-1) ?? null,
  openTimeout: 1,
};
