#include "values/cmsg.h"

#include <linux/rds.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "tables/socket_constants.h"
#include "values/record.h"
#include "values/scm_rights.h"

namespace sockbroker {

namespace {

/// Outgoing control messages that contain pointers into this process.
bool HoldsPointers(int level, int type) {
  return level == SOL_RDS &&
         (type == RDS_CMSG_RDMA_ARGS || type == RDS_CMSG_RDMA_MAP ||
          (type >= RDS_CMSG_ATOMIC_FADD && type <= RDS_CMSG_MASKED_ATOMIC_CSWP));
}

/// Appends one message, aligned and padded with zeros.
void Append(std::vector<uint8_t>& out, int level, int type, ByteSpan data) {
  cmsghdr header{};
  header.cmsg_len = CMSG_LEN(data.size());
  header.cmsg_level = level;
  header.cmsg_type = type;
  size_t start = out.size();
  out.resize(start + CMSG_SPACE(data.size()));
  std::memcpy(out.data() + start, &header, sizeof header);
  if (!data.empty()) std::memcpy(out.data() + start + CMSG_LEN(0), data.data(), data.size());
}

}  // namespace

std::vector<ControlMessage> ReadControl(msghdr& header) {
  std::vector<ControlMessage> messages;
  auto* end = static_cast<const uint8_t*>(header.msg_control) + header.msg_controllen;
  for (cmsghdr* cmsg = CMSG_FIRSTHDR(&header); cmsg != nullptr; cmsg = CMSG_NXTHDR(&header, cmsg)) {
    auto* data = CMSG_DATA(cmsg);
    // CMSG_NXTHDR does not check the length of the current message.
    if (cmsg->cmsg_len < CMSG_LEN(0) || data > end) break;
    size_t size = std::min<size_t>(cmsg->cmsg_len - CMSG_LEN(0), static_cast<size_t>(end - data));
    ControlMessage message{cmsg->cmsg_level, cmsg->cmsg_type, {data, size}, false, {}};
    if (CarriesDescriptors(message.level, message.type)) {
      message.has_descriptors = true;
      message.descriptors = AdoptDescriptors(message.type, message.data);
      message.data = {};
    }
    messages.push_back(std::move(message));
  }
  return messages;
}

Napi::Value ControlToArray(Napi::Env env, std::vector<ControlMessage>& messages) {
  auto array = Napi::Array::New(env, messages.size());
  for (uint32_t index = 0; index < messages.size(); index++) {
    ControlMessage& message = messages[index];
    Record record(env);
    record.Set("level", message.level);
    record.Set("type", message.type);
    record.Set("data", Bytes(env, message.data.data(), message.data.size()));
    if (message.has_descriptors) {
      record.Set("sockets", DescriptorsToArray(env, message.descriptors));
    } else {
      record.SetNull("sockets");
    }
    Napi::Value value = record.Done();
    if (value.IsEmpty()) return {};
    array.Set(index, value);
  }
  return array;
}

std::optional<int> WriteControl(napi_env env, napi_value array, std::vector<uint8_t>& out) {
  int result = 0;
  bool complete = ForEach(env, array, "control", [&](napi_value element, uint32_t) {
    int32_t level, type;
    ByteSpan data;
    Any sockets;
    if (!ReadProperty(env, element, "level", level) || !ReadProperty(env, element, "type", type) ||
        !ReadProperty(env, element, "data", data) ||
        !ReadProperty(env, element, "sockets", sockets)) {
      return false;
    }
    std::vector<int> descriptors;
    if (CarriesDescriptors(level, type)) {
      // Numbers in `data` would refer to the daemon's own descriptors.
      auto gathered = GatherDescriptors(env, sockets.value, descriptors);
      if (!gathered) return false;
      if (*gathered < 0) result = *gathered;
      data = {reinterpret_cast<const uint8_t*>(descriptors.data()),
              descriptors.size() * sizeof(int)};
    } else if (!IsNull(env, sockets.value)) {
      ThrowWrongProperty(env, "sockets", "null but for SCM_RIGHTS");
      return false;
    }
    if (HoldsPointers(level, type)) result = -EOPNOTSUPP;
    // The kernel's error above net.core.optmem_max, which is never larger than this.
    if (out.size() + CMSG_SPACE(data.size()) > ControlBytesMax * 16) result = -ENOBUFS;
    if (result == 0) Append(out, level, type, data);
    return true;
  });
  if (!complete) return {};
  return result;
}

}  // namespace sockbroker
