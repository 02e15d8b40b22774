#pragma once

#include "values/arguments.h"

namespace sockbroker {

/// What the bytes of an option's value mean to the kernel.
enum class OptionValue {
  /// Themselves.
  Plain,
  /// A struct sock_fprog, which holds the address of a filter program.
  Filter,
  /// They hold addresses in this process, or numbers of its descriptors, and a caller has neither:
  /// whatever it sends would make the kernel read, or even write, what it was never given. Or they
  /// make the kernel allocate what only a mmap(2) of the descriptor reaches.
  Foreign,
};

OptionValue Classify(int level, int name);

/// Sets an option of the Filter sort: `program` is the array of struct sock_filter itself. 0 or
/// -errno.
int SetFilter(int fd, int level, int name, ByteSpan program);

/// Whether getsockopt(2) of the option opens a descriptor and answers its number, or moves data
/// into memory that the descriptor was mapped to.
bool RefusesReading(int level, int name);

/// Whether the length that getsockopt(2) takes and answers is a number of struct sock_filter.
bool CountsInstructions(int level, int name);

}  // namespace sockbroker
