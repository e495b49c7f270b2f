// expect: deleted
#include "base/unique_fd.h"

secretfs::UniqueFd Twice(secretfs::UniqueFd& fd);
secretfs::UniqueFd Twice(secretfs::UniqueFd& fd) {
#ifdef CONTROL
  return std::move(fd);
#else
  return fd;
#endif
}
