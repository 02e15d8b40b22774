#pragma once

#include <napi.h>

#include <optional>
#include <vector>

#include "lifetime/unique_fd.h"
#include "values/arguments.h"

namespace sockbroker {

/// SCM_RIGHTS and SCM_PIDFD: the payload is descriptors of this process.
bool CarriesDescriptors(int level, int type);

/// Takes ownership of the descriptors that the kernel installed. Sockets become non-blocking; other
/// files keep their mode, because their sender shares it.
std::vector<UniqueFd> AdoptDescriptors(int type, ByteSpan payload);
/// Converts to NativeSocket[]; a descriptor that cannot be converted is closed.
Napi::Value DescriptorsToArray(Napi::Env env, std::vector<UniqueFd>& descriptors);

/// Converts NativeSocket[] or null to descriptor numbers. Returns 0, or -EBADF if one is closed;
/// empty after a throw.
std::optional<int> GatherDescriptors(napi_env env, napi_value sockets, std::vector<int>& out);

}  // namespace sockbroker
