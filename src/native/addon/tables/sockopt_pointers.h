#pragma once

#include "values/arguments.h"

namespace sockbroker {

/// How the kernel interprets the bytes of an option's value.
enum class OptionValue {
  /// Plain data.
  Plain,
  /// A struct sock_fprog, which holds the address of a filter program.
  Filter,
  /// Pointers into this process or descriptor numbers, which a caller does not have: its bytes
  /// would make the kernel read or write arbitrary memory of the daemon. Also options that allocate
  /// memory reachable only by mmap(2) of the descriptor.
  Foreign,
};

OptionValue Classify(int level, int name);

/// Sets an option of kind Filter; `program` is the array of struct sock_filter. Returns 0 or
/// -errno.
int SetFilter(int fd, int level, int name, ByteSpan program);

/// Whether getsockopt(2) of the option opens a descriptor and returns its number, or moves data
/// into memory mapped from the descriptor.
bool RefusesReading(int level, int name);

/// Whether getsockopt(2) counts the option's length in struct sock_filter instead of bytes.
bool CountsInstructions(int level, int name);

}  // namespace sockbroker
