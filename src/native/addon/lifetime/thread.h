#pragma once

namespace sockbroker {

/// Starts a detached thread with all signals blocked, so that Node's handlers run only on Node's
/// threads. Returns 0 or -errno. std::thread would throw when no thread can be started, which
/// aborts a process built without exceptions.
int StartThread(void* (*run)(void*), void* argument);

/// Runs a function on such a thread and waits for it. Returns 0 or -errno.
int RunOnThread(void* (*run)(void*), void* argument);

}  // namespace sockbroker
