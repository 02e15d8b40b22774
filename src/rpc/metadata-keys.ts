/** The metadata key that carries the token of a leased session. */
export const SESSION_KEY = "sockbroker-session";

/** The metadata key that carries the google.rpc.Status of a failed RPC. */
export const DETAILS_KEY = "grpc-status-details-bin";
