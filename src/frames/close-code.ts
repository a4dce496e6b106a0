// Close codes (RFC 6455 7.4 and the registry of IANA).

/** Close codes by name. */
export const CloseCode = {
  NORMAL_CLOSURE: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  /** Never on the wire: the Close frame had no code. */
  NO_STATUS_RCVD: 1005,
  /** Never on the wire: there was no Close frame. */
  ABNORMAL_CLOSURE: 1006,
  INVALID_DATA: 1007,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  MANDATORY_EXTENSION: 1010,
  INTERNAL_ERROR: 1011,
  SERVICE_RESTART: 1012,
  TRY_AGAIN_LATER: 1013,
  BAD_GATEWAY: 1014,
  /** Never on the wire: TLS failed. */
  TLS_HANDSHAKE: 1015,
} as const;

/** One of the registered close codes. */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** Whether a code may stand in a Close frame: 1000-1003, 1007-1014, 3000-4999 (RFC 6455 7.4). */
export function isWireCloseCode(code: number): boolean {
  if (!Number.isInteger(code)) return false;
  if (code >= 3000) return code <= 4999;
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);
}
