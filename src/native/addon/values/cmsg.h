#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

#include "lifetime/unique_fd.h"
#include "values/arguments.h"

namespace sockbroker {

/// A received control message. It owns the descriptors that came with it, from before JavaScript
/// hears of them.
struct ControlMessage {
  int level;
  int type;
  ByteSpan data;
  bool has_descriptors;
  std::vector<UniqueFd> descriptors;
};

/// The control messages of a header that recvmsg(2) filled in. `data` points into its control
/// buffer.
std::vector<ControlMessage> ReadControl(msghdr& header);
/// The same as ControlIn[].
Napi::Value ControlToArray(Napi::Env env, std::vector<ControlMessage>& messages);

/// The largest control buffer; more than any protocol gives at once.
constexpr size_t ControlBytesMax = 65536;

/// ControlOut[] to the bytes for sendmsg(2), appended to `out`. 0 or -errno; empty after a throw.
std::optional<int> WriteControl(napi_env env, napi_value array, std::vector<uint8_t>& out);

}  // namespace sockbroker
