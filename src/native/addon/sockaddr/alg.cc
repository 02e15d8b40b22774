#include <linux/if_alg.h>

#include <cerrno>
#include <string>

#include "sockaddr/codecs.h"

namespace sockbroker {

Encoded EncodeAlg(napi_env env, napi_value address, int, SockaddrBuffer& out) {
  std::string type, name;
  sockaddr_alg alg{};
  alg.salg_family = AF_ALG;
  if (!ReadProperty(env, address, "type", type) || !ReadProperty(env, address, "name", name) ||
      !ReadProperty(env, address, "feature", alg.salg_feat) ||
      !ReadProperty(env, address, "mask", alg.salg_mask)) {
    return {};
  }
  if (type.size() >= sizeof alg.salg_type || name.size() >= sizeof alg.salg_name)
    return -ENAMETOOLONG;
  std::memcpy(alg.salg_type, type.data(), type.size());
  std::memcpy(alg.salg_name, name.data(), name.size());
  return out.Store(alg);
}

Napi::Value DecodeAlg(Napi::Env env, const SockaddrBuffer& address, int) {
  auto alg = address.Load<sockaddr_alg>();
  auto* type = reinterpret_cast<const char*>(alg.salg_type);
  auto* name = reinterpret_cast<const char*>(alg.salg_name);
  Record record(env);
  record.Set("kind", "alg");
  record.Set("type", std::string_view(type, strnlen(type, sizeof alg.salg_type)));
  record.Set("name", std::string_view(name, strnlen(name, sizeof alg.salg_name)));
  record.Set("feature", alg.salg_feat);
  record.Set("mask", alg.salg_mask);
  return record.Done();
}

}  // namespace sockbroker
