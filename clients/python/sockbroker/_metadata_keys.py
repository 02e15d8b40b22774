"""The metadata keys of the API. src/rpc/metadata-keys.ts has the same, and a test compares them."""

# Carries the token of a leased session.
SESSION_KEY = "sockbroker-session"

# Carries the google.rpc.Status of a failed RPC.
DETAILS_KEY = "grpc-status-details-bin"
