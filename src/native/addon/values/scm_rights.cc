#include "values/scm_rights.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "lifetime/native_socket.h"
#include "tables/socket_constants.h"

namespace sockbroker {

namespace {

/// Uses getsockopt(2), because fstat(2) waits for the process that serves the file.
bool IsSocket(int fd) {
  int type = 0;
  socklen_t length = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &length) == 0;
}

}  // namespace

bool CarriesDescriptors(int level, int type) {
  return level == SOL_SOCKET && (type == SCM_RIGHTS || type == SCM_PIDFD);
}

std::vector<UniqueFd> AdoptDescriptors(int type, ByteSpan payload) {
  std::vector<UniqueFd> descriptors;
  for (size_t offset = 0; offset + sizeof(int) <= payload.size(); offset += sizeof(int)) {
    int fd;
    std::memcpy(&fd, payload.data() + offset, sizeof fd);
    // SCM_PIDFD contains a negated errno if the process is gone.
    if (fd < 0) continue;
    bool socket = IsSocket(fd);
    // A pidfd is created by the kernel for the receiver, so it is not opaque.
    bool given = !socket && type == SCM_RIGHTS;
    descriptors.push_back(given ? UniqueFd::Received(fd) : UniqueFd(fd));
    // On some kernels MSG_CMSG_CLOEXEC only applies to SCM_RIGHTS.
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (socket) EnsureNonBlocking(fd);
  }
  return descriptors;
}

Napi::Value DescriptorsToArray(Napi::Env env, std::vector<UniqueFd>& descriptors) {
  auto array = Napi::Array::New(env, descriptors.size());
  for (uint32_t index = 0; index < descriptors.size(); index++) {
    Napi::Value socket = NativeSocket::Make(env, std::move(descriptors[index]));
    if (socket.IsEmpty()) return {};
    array.Set(index, socket);
  }
  return array;
}

std::optional<int> GatherDescriptors(napi_env env, napi_value sockets, std::vector<int>& out) {
  if (IsNull(env, sockets)) return 0;
  int result = 0;
  bool complete = ForEach(env, sockets, "sockets", [&](napi_value element, uint32_t) {
    NativeSocket* socket;
    if (!Read(env, element, socket)) {
      ThrowWrongProperty(env, "sockets", "an array of NativeSocket");
      return false;
    }
    if (socket->Fd() < 0) result = -EBADF;
    out.push_back(socket->Fd());
    return true;
  });
  if (!complete) return {};
  return result;
}

}  // namespace sockbroker
