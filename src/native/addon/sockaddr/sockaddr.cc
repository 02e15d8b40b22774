#include "sockaddr/sockaddr.h"

#include <linux/can.h>

#include <cerrno>
#include <cstddef>
#include <string>

#include "sockaddr/bluetooth.h"
#include "sockaddr/codecs.h"

namespace sockbroker {

namespace {

struct Encoder {
  const char* kind;
  Encoded (*encode)(napi_env, napi_value, int, SockaddrBuffer&);
};

constexpr Encoder Encoders[] = {
    {"inet", EncodeInet},       {"inet6", EncodeInet6},   {"unix", EncodeUnix},
    {"netlink", EncodeNetlink}, {"packet", EncodePacket}, {"can", EncodeCan},
    {"isotp", EncodeIsotp},     {"j1939", EncodeJ1939},   {"tipc", EncodeTipc},
    {"alg", EncodeAlg},         {"vsock", EncodeVsock},   {"l2cap", EncodeL2cap},
    {"rfcomm", EncodeRfcomm},   {"hci", EncodeHci},       {"sco", EncodeSco},
    {"qipcrtr", EncodeQipcrtr}, {"raw", EncodeRaw},
};

struct Decoder {
  Napi::Value (*decode)(Napi::Env, const SockaddrBuffer&, int) = DecodeRaw;
  /// Minimum length in bytes. Missing bytes beyond that decode as zeros.
  size_t least = 0;
};

Decoder CanDecoder(int protocol) {
  switch (protocol) {
    case CAN_ISOTP:
      return {DecodeIsotp, 16};
    case CAN_J1939:
      return {DecodeJ1939, 21};
    default:
      return {DecodeCan, 8};
  }
}

Decoder BluetoothDecoder(int protocol) {
  switch (protocol) {
    case BTPROTO_L2CAP:
      return {DecodeL2cap, 10};
    case BTPROTO_HCI:
      return {DecodeHci, 4};
    case BTPROTO_SCO:
      return {DecodeSco, 8};
    case BTPROTO_RFCOMM:
      return {DecodeRfcomm, 9};
    default:
      return {};
  }
}

Decoder DecoderOf(int family, const SocketFacts& facts) {
  switch (family) {
    case AF_INET:
      return {DecodeInet, 8};
    case AF_INET6:
      return {DecodeInet6, 24};
    case AF_UNIX:
      return {DecodeUnix, 2};
    case AF_NETLINK:
      return {DecodeNetlink, 12};
    case AF_PACKET:
      return {DecodePacket, 12};
    case AF_CAN:
      return CanDecoder(facts.addressing);
    case AF_TIPC:
      return {DecodeTipc, 16};
    case AF_ALG:
      return {DecodeAlg, 88};
    case AF_VSOCK:
      return {DecodeVsock, 12};
    case AF_BLUETOOTH:
      return BluetoothDecoder(facts.addressing);
    case AF_QIPCRTR:
      return {DecodeQipcrtr, 12};
    default:
      return {};
  }
}

}  // namespace

std::optional<int> EncodeSockaddr(napi_env env, napi_value address, int fd, SockaddrBuffer& out) {
  napi_valuetype type;
  if (napi_typeof(env, address, &type) != napi_ok || type != napi_object) {
    ThrowWrongProperty(env, "address", "a Sockaddr");
    return {};
  }
  std::string kind;
  if (!ReadProperty(env, address, "kind", kind)) return {};
  for (const Encoder& encoder : Encoders) {
    if (kind != encoder.kind) continue;
    Encoded result = encoder.encode(env, address, fd, out);
    return result && fd == -1 ? -EBADF : result;
  }
  ThrowWrongProperty(env, "kind", "a kind of Sockaddr");
  return {};
}

Napi::Value DecodeSockaddr(Napi::Env env, const SockaddrBuffer& address, int fd,
                           const SocketFacts& facts) {
  Decoder decoder = DecoderOf(address.storage.ss_family, facts);
  return (address.length < decoder.least ? DecodeRaw : decoder.decode)(env, address, fd);
}

Napi::Value DecodeSockaddrOrNull(Napi::Env env, const SockaddrBuffer& address, int fd,
                                 const SocketFacts& facts) {
  return address.length == 0 ? env.Null() : DecodeSockaddr(env, address, fd, facts);
}

}  // namespace sockbroker
