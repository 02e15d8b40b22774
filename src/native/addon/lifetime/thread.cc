#include "lifetime/thread.h"

#include <pthread.h>
#include <signal.h>

namespace sockbroker {

namespace {

// musl's default of 128 KiB is too small for some resolver modules; glibc reserves 8 MiB, too much
// for a hundred threads.
constexpr size_t StackBytes = 1024 * 1024;

int Start(pthread_t* thread, int state, void* (*run)(void*), void* argument) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_attr_t attributes;
  if (int error = pthread_attr_init(&attributes)) return -error;
  pthread_attr_setdetachstate(&attributes, state);
  pthread_attr_setstacksize(&attributes, StackBytes);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int error = pthread_create(thread, &attributes, run, argument);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return -error;
}

}  // namespace

int StartThread(void* (*run)(void*), void* argument) {
  pthread_t thread;
  return Start(&thread, PTHREAD_CREATE_DETACHED, run, argument);
}

int RunOnThread(void* (*run)(void*), void* argument) {
  pthread_t thread;
  if (int error = Start(&thread, PTHREAD_CREATE_JOINABLE, run, argument)) return error;
  return -pthread_join(thread, nullptr);
}

}  // namespace sockbroker
