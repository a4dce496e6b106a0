// Options for servers whose handlers fail on purpose.
export default { logger: { warn() {}, error() {} } };
