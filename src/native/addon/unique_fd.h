#pragma once

#include <utility>

namespace sockbroker {

/// close(2), on another thread if it may wait. 0 or -errno.
int CloseDescriptor(int fd);

/// Whether CloseDescriptor would answer before the descriptor is closed.
bool ClosesOnThread(int fd);

/// The only owner of a descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    Close();
    fd_ = other.Release();
    return *this;
  }
  ~UniqueFd() { Close(); }

  int Get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int Release() { return std::exchange(fd_, -1); }
  int Close() { return fd_ < 0 ? 0 : CloseDescriptor(Release()); }

 private:
  int fd_ = -1;
};

}  // namespace sockbroker
