#include <limits.h>
#include <sys/socket.h>

#include <cerrno>
#include <deque>

#include "calls/retry.h"
#include "calls/send_flags.h"
#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/outgoing.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps sendmmsg(2). Caps: none. #syscalls sendmmsg */
Napi::Value NativeSocket::Sendmmsg(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  Any messages;
  int32_t flags;
  if (!ReadArguments(info, "sendmmsg", messages, flags)) return {};
  // The headers point into `parts` and `vectors`, so their elements must not move. The kernel takes
  // at most IOV_MAX messages.
  std::deque<OutgoingParts> parts;
  std::deque<iovec> vectors;
  std::vector<mmsghdr> headers;
  int failed = 0;
  bool complete = ForEach(env, messages.value, "messages", [&](napi_value element, uint32_t index) {
    ByteSpan data;
    Any control, address;
    if (!ReadProperty(env, element, "data", data) ||
        !ReadProperty(env, element, "control", control) ||
        !ReadProperty(env, element, "address", address)) {
      return false;
    }
    if (index >= IOV_MAX || failed < 0) return true;
    vectors.push_back({const_cast<uint8_t*>(data.data()), data.size()});
    mmsghdr header{};
    header.msg_hdr.msg_iov = &vectors.back();
    header.msg_hdr.msg_iovlen = 1;
    auto prepared = PrepareHeader(env, address.value, control.value, Fd(), parts.emplace_back(),
                                  header.msg_hdr);
    if (!prepared) return false;
    if (*prepared < 0) {
      failed = *prepared;
    } else {
      headers.push_back(header);
    }
    return true;
  });
  if (!complete) return {};
  if (int error = CheckSendFlags(flags)) return Int(env, error);
  // A message that cannot be encoded ends the batch like one that cannot be sent: the messages
  // before it are sent.
  if (headers.empty() && failed < 0) return Int(env, failed);
  return Int(env, Retry([&] {
               return sendmmsg(Fd(), headers.data(), static_cast<unsigned>(headers.size()),
                               flags | AddedSendFlags(facts_.family));
             }));
}

}  // namespace sockbroker
