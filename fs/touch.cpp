#include "fs/touch.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/unique_fd.h"

namespace secretfs::fs {

TouchingThread::TouchingThread(Touching& touching) noexcept : touching_(touching) {
  touching_.thread = ::gettid();
}

TouchingThread::~TouchingThread() {
  touching_.thread = 0;
  touching_.inode = 0;
}

void TouchingThread::Touch(int root, const Changes::File& file) noexcept {
  touching_.opened = false;
  touching_.inode = file.inode;
  const UniqueFd fd(
      ::openat(root, file.path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  // Not ours if another mount has our number by now: that must not be written to.
  if (!fd || !touching_.opened) return;
  if (::futimens(fd.get(), nullptr) != 0) return;
  if (file.content && ::write(fd.get(), "", 1) != 1) return;
}

}  // namespace secretfs::fs
