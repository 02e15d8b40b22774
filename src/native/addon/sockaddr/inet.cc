#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <string>

#include "sockaddr/codecs.h"

namespace sockbroker {

// Only numeric addresses: resolving a name here would bypass the policy's check of the address.

Encoded EncodeInet(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  std::string text;
  uint16_t port;
  if (!ReadProperty(env, address, "address", text) || !ReadProperty(env, address, "port", port))
    return {};
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  if (HasNul(text) || inet_pton(AF_INET, text.c_str(), &in.sin_addr) != 1) return -EINVAL;
  return out.Store(in);
}

Encoded EncodeInet6(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  std::string text;
  uint16_t port;
  uint32_t flowinfo, scope_id;
  if (!ReadProperty(env, address, "address", text) || !ReadProperty(env, address, "port", port) ||
      !ReadProperty(env, address, "flowinfo", flowinfo) ||
      !ReadProperty(env, address, "scopeId", scope_id)) {
    return {};
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  in.sin6_flowinfo = htonl(flowinfo);
  in.sin6_scope_id = scope_id;
  if (HasNul(text) || inet_pton(AF_INET6, text.c_str(), &in.sin6_addr) != 1) return -EINVAL;
  return out.Store(in);
}

Napi::Value DecodeInet(Napi::Env env, const SockaddrBuffer& address, int) {
  auto in = address.Load<sockaddr_in>();
  char text[INET_ADDRSTRLEN];
  inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
  Record record(env);
  record.Set("kind", "inet");
  record.Set("address", text);
  record.Set("port", static_cast<uint32_t>(ntohs(in.sin_port)));
  return record.Done();
}

Napi::Value DecodeInet6(Napi::Env env, const SockaddrBuffer& address, int) {
  auto in = address.Load<sockaddr_in6>();
  char text[INET6_ADDRSTRLEN];
  inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
  Record record(env);
  record.Set("kind", "inet6");
  record.Set("address", text);
  record.Set("port", static_cast<uint32_t>(ntohs(in.sin6_port)));
  record.Set("flowinfo", ntohl(in.sin6_flowinfo));
  record.Set("scopeId", in.sin6_scope_id);
  return record.Done();
}

}  // namespace sockbroker
