// A thread that can lock no more memory, for tests of what happens then.
#pragma once

#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

#include "base/secret_heap.h"

namespace secretfs::testkit {

/// Runs `body` in a thread that may lock no more memory (capabilities belong to a thread); false
/// where that cannot be had: the sanitizers let mlock() do nothing.
template <class Body>
bool WithoutLockableMemory(const Body& body) {
  rlimit before{};
  getrlimit(RLIMIT_MEMLOCK, &before);
  rlimit none = before;
  none.rlim_cur = 0;
  bool ran = false;
  std::thread([&] {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (syscall(SYS_capset, &header, data) != 0 || setrlimit(RLIMIT_MEMLOCK, &none) != 0) return;
    const auto probe = secret_heap::Allocate(size_t{1} << 20);
    ran = !probe;
    if (ran) body();
    if (probe) secret_heap::Free(*probe);
    setrlimit(RLIMIT_MEMLOCK, &before);
  }).join();
  return ran;
}

}  // namespace secretfs::testkit
