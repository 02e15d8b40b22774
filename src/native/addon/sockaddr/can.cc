#include <linux/can.h>

#include <string>

#include "sockaddr/codecs.h"
#include "sockaddr/interface_name.h"

namespace sockbroker {

namespace {

/// Fills in the fields common to all CAN addresses. Returns 0 or -errno; empty after a throw.
Encoded EncodeInterface(napi_env env, napi_value address, int fd, sockaddr_can& can) {
  std::string interface;
  if (!ReadProperty(env, address, "interface", interface)) return {};
  can.can_family = AF_CAN;
  int index = InterfaceIndex(fd, interface);
  if (index < 0) return index;
  can.can_ifindex = index;
  return 0;
}

}  // namespace

Encoded EncodeCan(napi_env env, napi_value address, int fd, SockaddrBuffer& out) {
  sockaddr_can can{};
  Encoded result = EncodeInterface(env, address, fd, can);
  return result == 0 ? out.Store(can) : result;
}

Encoded EncodeIsotp(napi_env env, napi_value address, int fd, SockaddrBuffer& out) {
  sockaddr_can can{};
  uint32_t rx_id, tx_id;
  if (!ReadProperty(env, address, "rxId", rx_id) || !ReadProperty(env, address, "txId", tx_id))
    return {};
  can.can_addr.tp = {rx_id, tx_id};
  Encoded result = EncodeInterface(env, address, fd, can);
  return result == 0 ? out.Store(can) : result;
}

Encoded EncodeJ1939(napi_env env, napi_value address, int fd, SockaddrBuffer& out) {
  sockaddr_can can{};
  uint64_t name;
  uint32_t pgn;
  uint8_t node;
  if (!ReadProperty(env, address, "name", name) || !ReadProperty(env, address, "pgn", pgn) ||
      !ReadProperty(env, address, "address", node)) {
    return {};
  }
  can.can_addr.j1939 = {name, pgn, node};
  Encoded result = EncodeInterface(env, address, fd, can);
  return result == 0 ? out.Store(can) : result;
}

Napi::Value DecodeCan(Napi::Env env, const SockaddrBuffer& address, int fd) {
  auto can = address.Load<sockaddr_can>();
  Record record(env);
  record.Set("kind", "can");
  record.Set("interface", InterfaceName(fd, can.can_ifindex));
  return record.Done();
}

Napi::Value DecodeIsotp(Napi::Env env, const SockaddrBuffer& address, int fd) {
  auto can = address.Load<sockaddr_can>();
  Record record(env);
  record.Set("kind", "isotp");
  record.Set("interface", InterfaceName(fd, can.can_ifindex));
  record.Set("rxId", can.can_addr.tp.rx_id);
  record.Set("txId", can.can_addr.tp.tx_id);
  return record.Done();
}

Napi::Value DecodeJ1939(Napi::Env env, const SockaddrBuffer& address, int fd) {
  auto can = address.Load<sockaddr_can>();
  uint64_t name = can.can_addr.j1939.name;
  Record record(env);
  record.Set("kind", "j1939");
  record.Set("interface", InterfaceName(fd, can.can_ifindex));
  record.Set("name", Napi::BigInt::New(env, name));
  record.Set("pgn", static_cast<uint32_t>(can.can_addr.j1939.pgn));
  record.Set("address", static_cast<uint32_t>(can.can_addr.j1939.addr));
  return record.Done();
}

}  // namespace sockbroker
