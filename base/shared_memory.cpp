#include "base/shared_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/file.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

namespace secretfs {

Result<UniqueFd> SharedMemory::Make(const std::string& name, size_t size) {
  constexpr unsigned kFlags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
  UniqueFd fd(::memfd_create(name.c_str(), kFlags | MFD_NOEXEC_SEAL));
  if (!fd && errno == EINVAL) fd = UniqueFd(::memfd_create(name.c_str(), kFlags));  // before 6.3
  if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
    return SystemError(errno, "cannot make shared memory", name);
  }
  return fd;
}

Result<SharedMemory> SharedMemory::Map(int fd, const std::string& name, size_t size,
                                       size_t locked) {
  struct stat st {};
  if (::fstat(fd, &st) != 0) return SystemError(errno, "cannot open shared memory", name);
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (st.st_size != static_cast<off_t>(size) || seals < 0 || (seals & F_SEAL_SHRINK) == 0) {
    return Error{Code::kInvalid, "is not the shared memory that is wanted", name, ""};
  }
  void* const start = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (start == MAP_FAILED) return SystemError(errno, "cannot map shared memory", name);
  SharedMemory memory(ByteSpan(static_cast<std::byte*>(start), size));
  if (::madvise(start, size, MADV_DONTDUMP) != 0 || ::madvise(start, size, MADV_DONTFORK) != 0 ||
      ::mlock(start, locked) != 0) {
    Error error = SystemError(errno, "cannot lock shared memory", name);
    error.code = Code::kResource;
    error.hint = "raise RLIMIT_MEMLOCK (systemd: LimitMEMLOCK=)";
    return error;
  }
  return memory;
}

SharedMemory::SharedMemory(SharedMemory&& other) noexcept
    : bytes_(std::exchange(other.bytes_, {})) {}

SharedMemory::~SharedMemory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace secretfs
