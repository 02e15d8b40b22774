#include <limits.h>
#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <vector>

#include "calls/retry.h"
#include "calls/send_flags.h"
#include "lifetime/native_socket.h"
#include "sockaddr/sockaddr.h"
#include "values/arguments.h"
#include "values/cmsg.h"
#include "values/record.h"

namespace sockbroker {

namespace {

/// Where the parts of a msghdr live that are made for it.
struct OutgoingParts {
  SockaddrBuffer address;
  std::vector<uint8_t> control;
};

/// Fills in name and control of `header`, from `Sockaddr | null` and `ControlOut[]`. 0 or -errno;
/// empty after a throw.
std::optional<int> PrepareHeader(napi_env env, napi_value address, napi_value control, int fd,
                                 OutgoingParts& parts, msghdr& header) {
  auto result = WriteControl(env, control, parts.control);
  if (!result || *result < 0) return result;
  if (!parts.control.empty()) {
    header.msg_control = parts.control.data();
    header.msg_controllen = parts.control.size();
  }
  if (IsNull(env, address)) return 0;
  result = EncodeSockaddr(env, address, fd, parts.address);
  header.msg_name = parts.address.Get();
  header.msg_namelen = parts.address.length;
  return result;
}

}  // namespace

/* Wraps sendmsg(2). Caps: none. #syscalls sendmsg */
Napi::Value NativeSocket::Sendmsg(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Any data, control, address;
  int32_t flags;
  if (!ReadArguments(info, "sendmsg", data, control, flags, address)) return {};
  iovec vectors[IOV_MAX];
  size_t count = 0;
  bool complete = ForEach(env, data.value, "data", [&](napi_value element, uint32_t index) {
    ByteSpan bytes;
    if (!Read(env, element, bytes)) {
      ThrowWrongProperty(env, "data", "an array of Uint8Array");
      return false;
    }
    if (index < IOV_MAX) vectors[index] = {const_cast<uint8_t*>(bytes.data()), bytes.size()};
    count = index + 1;
    return true;
  });
  if (!complete) return {};
  msghdr header{};
  OutgoingParts parts;
  auto prepared = PrepareHeader(env, address.value, control.value, Fd(), parts, header);
  if (!prepared) return {};
  if (*prepared < 0) return Int(env, *prepared);
  if (count > IOV_MAX) return Int(env, -EMSGSIZE);
  if (int error = CheckSendFlags(flags)) return Int(env, error);
  header.msg_iov = vectors;
  header.msg_iovlen = count;
  return Int(env,
             Retry([&] { return sendmsg(Fd(), &header, flags | AddedSendFlags(facts_.family)); }));
}

}  // namespace sockbroker
