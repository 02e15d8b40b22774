#pragma once

namespace sockbroker {

/// Starts a detached thread with every signal blocked, so that Node's handlers stay on Node's
/// threads. 0 or -errno. std::thread would throw when the system has no more threads, which ends a
/// process built without exceptions.
int StartThread(void* (*run)(void*), void* argument);

/// Starts such a thread and waits for its end. 0 or -errno.
int RunOnThread(void* (*run)(void*), void* argument);

}  // namespace sockbroker
