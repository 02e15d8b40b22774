#include <linux/tipc.h>

#include <cerrno>

#include "sockaddr/codecs.h"

namespace sockbroker {

Encoded EncodeTipc(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  uint8_t address_type;
  uint32_t v1, v2, v3;
  int32_t scope;
  if (!ReadProperty(env, address, "addressType", address_type) ||
      !ReadProperty(env, address, "v1", v1) || !ReadProperty(env, address, "v2", v2) ||
      !ReadProperty(env, address, "v3", v3) || !ReadProperty(env, address, "scope", scope)) {
    return {};
  }
  sockaddr_tipc tipc{};
  tipc.family = AF_TIPC;
  tipc.addrtype = address_type;
  tipc.scope = static_cast<signed char>(scope);
  switch (address_type) {
    case TIPC_ADDR_NAMESEQ:
      tipc.addr.nameseq = {v1, v2, v3};
      break;
    case TIPC_ADDR_NAME:
      tipc.addr.name.name = {v1, v2};
      break;
    case TIPC_ADDR_ID:
      tipc.addr.id.node = v1;
      tipc.addr.id.ref = v2;
      break;
    default:
      return -EINVAL;
  }
  return out.Store(tipc);
}

Napi::Value DecodeTipc(Napi::Env env, const SockaddrBuffer& address, int fd) {
  auto tipc = address.Load<sockaddr_tipc>();
  uint32_t v1, v2, v3;
  switch (tipc.addrtype) {
    case TIPC_ADDR_NAMESEQ:
      v1 = tipc.addr.nameseq.type;
      v2 = tipc.addr.nameseq.lower;
      v3 = tipc.addr.nameseq.upper;
      break;
    case TIPC_ADDR_NAME:
      // Python represents the instance as a range with equal bounds.
      v1 = tipc.addr.name.name.type;
      v2 = v3 = tipc.addr.name.name.instance;
      break;
    case TIPC_ADDR_ID:
      v1 = tipc.addr.id.node;
      v2 = tipc.addr.id.ref;
      v3 = 0;
      break;
    default:
      return DecodeRaw(env, address, fd);
  }
  Record record(env);
  record.Set("kind", "tipc");
  record.Set("addressType", static_cast<uint32_t>(tipc.addrtype));
  record.Set("v1", v1);
  record.Set("v2", v2);
  record.Set("v3", v3);
  record.Set("scope", static_cast<int32_t>(tipc.scope));
  return record.Done();
}

}  // namespace sockbroker
