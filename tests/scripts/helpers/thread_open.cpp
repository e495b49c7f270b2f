// Opens a file from a thread that is not its process's first, and prints that thread's id and
// whether it could: "TID opened" or "TID ERRNO".
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <thread>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::thread([&] {
    const bool opened = open(argv[1], O_RDONLY | O_CLOEXEC) >= 0;
    std::printf("%d %s\n", gettid(), opened ? "opened" : strerrorname_np(errno));
  }).join();
  return 0;
}
