#pragma once

#include <napi.h>

#include <optional>
#include <vector>

#include "lifetime/unique_fd.h"
#include "values/arguments.h"

namespace sockbroker {

/// SCM_RIGHTS and SCM_PIDFD: the payload is descriptors of this process.
bool CarriesDescriptors(int level, int type);

/// Takes ownership of what the kernel installed. Sockets become non-blocking, like ours; other
/// files keep their mode, which they share with whoever sent them and who may count on it.
std::vector<UniqueFd> AdoptDescriptors(int type, ByteSpan payload);
/// NativeSocket[]; what is not turned into an object is closed.
Napi::Value DescriptorsToArray(Napi::Env env, std::vector<UniqueFd>& descriptors);

/// NativeSocket[] or null to numbers. 0, or -EBADF if one is closed; empty after a throw.
std::optional<int> GatherDescriptors(napi_env env, napi_value sockets, std::vector<int>& out);

}  // namespace sockbroker
