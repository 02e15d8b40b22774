#include "lifetime/native_socket.h"
#include "values/arguments.h"
#include "values/record.h"

namespace sockbroker {

/* Wraps close(2), see close_descriptor.cc. Caps: none. #syscalls close */
Napi::Value NativeSocket::Close(const Napi::CallbackInfo& info) {
  if (!ReadArguments(info, "close")) return {};
  poller_.Close();
  return Int(info.Env(), fd_.Close());
}

}  // namespace sockbroker
