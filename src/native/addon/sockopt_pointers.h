#pragma once

#include "arguments.h"

namespace sockbroker {

/// What the bytes of an option's value mean to the kernel.
enum class OptionValue {
  /// Themselves.
  Plain,
  /// A struct sock_fprog, which holds the address of a filter program.
  Filter,
  /// They hold addresses in this process, or numbers of its descriptors. A caller has neither, so
  /// whatever it sends would
  /// make the kernel read, or even write, what it was never given.
  Foreign,
};

OptionValue Classify(int level, int name);

/// Sets an option of the Filter sort: `program` is the array of struct sock_filter itself. 0 or
/// -errno.
int SetFilter(int fd, int level, int name, ByteSpan program);

/// Whether getsockopt(2) of the option opens a descriptor and answers its number.
bool AnswersDescriptor(int level, int name);

}  // namespace sockbroker
