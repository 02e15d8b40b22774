#include "values/guarded_buffer.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstring>

namespace sockbroker {

namespace {

size_t GuardBytes() {
  return static_cast<size_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace

std::unique_ptr<GuardedBuffer> GuardedBuffer::Map() {
  void* start = mmap(nullptr, Capacity + GuardBytes(), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return nullptr;
  std::unique_ptr<GuardedBuffer> buffer(new GuardedBuffer(static_cast<uint8_t*>(start)));
  return mprotect(buffer->start_ + Capacity, GuardBytes(), PROT_NONE) == 0 ? std::move(buffer)
                                                                           : nullptr;
}

GuardedBuffer::~GuardedBuffer() {
  munmap(start_, Capacity + GuardBytes());
}

uint8_t* GuardedBuffer::Take(size_t size) {
  uint8_t* taken = start_ + (Capacity - size);
  if (size > 0) std::memset(taken, 0, size);
  return taken;
}

}  // namespace sockbroker
