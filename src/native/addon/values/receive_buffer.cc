#include "values/receive_buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "lifetime/environment.h"
#include "values/record.h"

namespace sockbroker {

namespace {
constexpr size_t BytesMax = 16 * 1024 * 1024;
}

ReceiveBuffer::ReceiveBuffer(Napi::Env env, size_t size, bool prepare_zeros)
    : env_(env), size_(std::min(size, BytesMax)) {
  owned_ = size_ > Environment::ScratchBytes;
  data_ = owned_ ? static_cast<uint8_t*>(std::malloc(size_)) : Environment::Of(env).scratch.get();
  // The scratch buffer contains data from earlier reads of other sockets.
  if (prepare_zeros && data_ != nullptr) std::memset(data_, 0, size_);
}

ReceiveBuffer::~ReceiveBuffer() {
  if (owned_) std::free(data_);
}

Napi::Value ReceiveBuffer::Take(size_t count) {
  count = std::min(count, size_);
  if (!owned_ || count <= Environment::ScratchBytes) return Bytes(env_, data_, count);
  auto* shrunk = static_cast<uint8_t*>(std::realloc(data_, count));
  if (shrunk != nullptr) data_ = shrunk;
  owned_ = false;
  return Napi::Buffer<uint8_t>::NewOrCopy(env_, data_, count,
                                          [](Napi::Env, uint8_t* data) { std::free(data); });
}

}  // namespace sockbroker
