#include <linux/netlink.h>

#include "sockaddr/codecs.h"

namespace sockbroker {

Encoded EncodeNetlink(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  sockaddr_nl nl{};
  nl.nl_family = AF_NETLINK;
  if (!ReadProperty(env, address, "pid", nl.nl_pid) ||
      !ReadProperty(env, address, "groups", nl.nl_groups)) {
    return {};
  }
  return out.Store(nl);
}

Napi::Value DecodeNetlink(Napi::Env env, const SockaddrBuffer& address, int) {
  auto nl = address.Load<sockaddr_nl>();
  Record record(env);
  record.Set("kind", "netlink");
  record.Set("pid", nl.nl_pid);
  record.Set("groups", nl.nl_groups);
  return record.Done();
}

}  // namespace sockbroker
