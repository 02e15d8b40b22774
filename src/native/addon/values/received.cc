#include "values/received.h"

#include "values/record.h"

namespace sockbroker {

Napi::Value ReceivedToRecord(Napi::Env env, Napi::Value data, size_t length, int flags,
                             const msghdr& header, const SockaddrBuffer& address,
                             std::vector<ControlMessage>& control, const NativeSocket& socket) {
  // The kernel reports MSG_CMSG_CLOEXEC because we added it.
  int unasked = MSG_CMSG_CLOEXEC & ~flags;
  Record record(env);
  record.Set("data", data);
  record.Set("length", Int(env, static_cast<int64_t>(length)));
  record.Set("flags", header.msg_flags & ~unasked);
  record.Set("address", DecodeSockaddrOrNull(env, address, socket.Fd(), socket.Facts()));
  record.Set("control", ControlToArray(env, control));
  return record.Done();
}

}  // namespace sockbroker
