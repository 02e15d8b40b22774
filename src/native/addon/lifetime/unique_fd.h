#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace sockbroker {

/// close(2), on another thread if it may block. Returns 0 or -errno.
int CloseDescriptor(int fd);

/// Whether CloseDescriptor returns before the descriptor is closed.
bool ClosesOnThread(int fd);

/// close(2) on another thread, without any other call on the file. A nonzero `id` is listed by
/// ClosingFiles() until the file is closed.
void CloseFile(int fd, uint32_t id);
std::vector<uint32_t> ClosingFiles();

/// Owns a descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  /// For a received file that is not a socket. The process that serves the file can make any
  /// call on it block, so the event loop makes none.
  static UniqueFd Received(int fd) {
    UniqueFd file(fd);
    file.received_ = true;
    return file;
  }
  UniqueFd(UniqueFd&& other) noexcept
      : received_(other.received_), id_(other.id_), fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    Close();
    received_ = other.received_;
    id_ = other.id_;
    fd_ = other.Release();
    return *this;
  }
  ~UniqueFd() { Close(); }

  int Get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  /// Whether it is a received file.
  bool IsReceived() const { return received_; }
  /// The id to pass to CloseFile.
  void SetId(uint32_t id) { id_ = id; }
  [[nodiscard]] int Release() { return std::exchange(fd_, -1); }
  int Close() {
    if (fd_ < 0) return 0;
    if (!received_) return CloseDescriptor(Release());
    CloseFile(Release(), id_);
    return 0;
  }

 private:
  bool received_ = false;
  uint32_t id_ = 0;
  int fd_ = -1;
};

}  // namespace sockbroker
