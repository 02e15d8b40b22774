#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace sockbroker {

/// close(2), on another thread if it may wait. 0 or -errno.
int CloseDescriptor(int fd);

/// Whether CloseDescriptor would answer before the descriptor is closed.
bool ClosesOnThread(int fd);

/// close(2) on another thread, without a question to the file before that. `id` is among
/// ClosingFiles until it is done, unless it is 0.
void CloseFile(int fd, uint32_t id);
std::vector<uint32_t> ClosingFiles();

/// The only owner of a descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  /// Of something that another process gave us and that is no socket: whoever serves the file can
  /// make every call on it wait, so that the loop makes none.
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
  /// Whether it is a file that was received.
  bool IsReceived() const { return received_; }
  /// What CloseFile is to be told.
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
