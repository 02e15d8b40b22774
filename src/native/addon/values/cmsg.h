#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <optional>
#include <vector>

#include "lifetime/unique_fd.h"
#include "values/arguments.h"

namespace sockbroker {

/// A received control message. It owns the descriptors it carries from the moment it is read.
struct ControlMessage {
  int level;
  int type;
  ByteSpan data;
  bool has_descriptors;
  std::vector<UniqueFd> descriptors;
};

/// Reads the control messages of a header filled in by recvmsg(2). `data` points into its control
/// buffer.
std::vector<ControlMessage> ReadControl(msghdr& header);
/// Converts them to ControlIn[].
Napi::Value ControlToArray(Napi::Env env, std::vector<ControlMessage>& messages);

/// The largest control buffer, in bytes; more than any protocol returns at once.
constexpr size_t ControlBytesMax = 65536;

/// Converts ControlOut[] to the bytes for sendmsg(2), appended to `out`. Returns 0 or -errno; empty
/// after a throw.
std::optional<int> WriteControl(napi_env env, napi_value array, std::vector<uint8_t>& out);

}  // namespace sockbroker
