// Prints what some hundred system calls answer in a folder, one "NAME = RESULT" line each, so that
// two file systems can be compared with diff. The folder has the files `open` (mode 0444, 26
// bytes), `closed` (mode 0400), and the folder `sub` with the file `below`. Creates nothing that
// lasts.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace {

void Say(const std::string& name, const std::string& result) {
  std::printf("%s = %s\n", name.c_str(), result.c_str());
}

std::string Outcome(long result) {
  if (result >= 0) return std::to_string(result);
  const char* name = strerrorname_np(errno);
  return name == nullptr ? std::to_string(errno) : name;
}

/// For calls that give a descriptor, whose number does not matter.
void SayOpen(const std::string& name, int fd) {
  Say(name, fd >= 0 ? "opened" : Outcome(-1));
  if (fd >= 0) close(fd);
}

struct Flag {
  int bits;
  const char* name;
};

void Opens(const std::string& dir) {
  constexpr std::array kFlags{
      Flag{O_RDONLY, "O_RDONLY"},
      Flag{O_WRONLY, "O_WRONLY"},
      Flag{O_RDWR, "O_RDWR"},
      Flag{O_RDONLY | O_TRUNC, "O_RDONLY|O_TRUNC"},
      Flag{O_WRONLY | O_TRUNC, "O_WRONLY|O_TRUNC"},
      Flag{O_WRONLY | O_APPEND, "O_WRONLY|O_APPEND"},
      Flag{O_RDONLY | O_APPEND, "O_RDONLY|O_APPEND"},
      Flag{O_RDONLY | O_CREAT, "O_RDONLY|O_CREAT"},
      Flag{O_RDWR | O_CREAT, "O_RDWR|O_CREAT"},
      Flag{O_RDONLY | O_CREAT | O_EXCL, "O_RDONLY|O_CREAT|O_EXCL"},
      Flag{O_RDONLY | O_DIRECTORY, "O_DIRECTORY"},
      Flag{O_RDONLY | O_NOFOLLOW, "O_NOFOLLOW"},
      Flag{O_RDONLY | O_NONBLOCK, "O_NONBLOCK"},
      Flag{O_RDONLY | O_SYNC, "O_SYNC"},
      Flag{O_PATH, "O_PATH"},
      Flag{O_RDWR | O_TMPFILE, "O_TMPFILE"},
  };
  const std::array<std::string, 11> paths{"",
                                          "/open",
                                          "/closed",
                                          "/sub",
                                          "/missing",
                                          "/open/",
                                          "/open/x",
                                          "/missing/x",
                                          "/sub/..",
                                          "/sub/below",
                                          "/" + std::string(256, 'n')};
  for (const std::string& path : paths) {
    for (const Flag& flag : kFlags) {
      SayOpen("open " + (path.size() > 200 ? "/nnn..." : path) + " " + flag.name,
              open((dir + path).c_str(), flag.bits | O_CLOEXEC, 0600));
    }
  }
}

void Changes(const std::string& dir) {
  const std::string file = dir + "/open";
  const std::string sub = dir + "/sub";
  const std::string gone = dir + "/missing";
  SayOpen("creat new", creat((dir + "/new").c_str(), 0600));
  Say("mkdir new", Outcome(mkdir((dir + "/new").c_str(), 0700)));
  Say("mkdir existing", Outcome(mkdir(sub.c_str(), 0700)));
  Say("rmdir folder", Outcome(rmdir(sub.c_str())));
  Say("rmdir file", Outcome(rmdir(file.c_str())));
  Say("rmdir missing", Outcome(rmdir(gone.c_str())));
  Say("unlink file", Outcome(unlink(file.c_str())));
  Say("unlink folder", Outcome(unlink(sub.c_str())));
  Say("unlink missing", Outcome(unlink(gone.c_str())));
  Say("rename over", Outcome(rename(file.c_str(), (dir + "/closed").c_str())));
  Say("rename to new", Outcome(rename(file.c_str(), (dir + "/new").c_str())));
  Say("rename folder", Outcome(rename(sub.c_str(), (dir + "/new").c_str())));
  Say("rename missing", Outcome(rename(gone.c_str(), (dir + "/new").c_str())));
  Say("rename out", Outcome(rename(file.c_str(), "/tmp/.secretfs-never")));
  Say("link", Outcome(link(file.c_str(), (dir + "/new").c_str())));
  Say("symlink", Outcome(symlink("open", (dir + "/new").c_str())));
  Say("mknod fifo", Outcome(mknod((dir + "/new").c_str(), S_IFIFO | 0600, 0)));
  Say("chmod", Outcome(chmod(file.c_str(), 0777)));
  Say("chmod closed", Outcome(chmod((dir + "/closed").c_str(), 0777)));
  Say("chmod folder", Outcome(chmod(sub.c_str(), 0777)));
  Say("chown", Outcome(chown(file.c_str(), 1, 1)));
  Say("lchown", Outcome(lchown(file.c_str(), 1, 1)));
  Say("truncate", Outcome(truncate(file.c_str(), 0)));
  Say("truncate closed", Outcome(truncate((dir + "/closed").c_str(), 0)));
  Say("truncate folder", Outcome(truncate(sub.c_str(), 0)));
  Say("utimensat now", Outcome(utimensat(AT_FDCWD, file.c_str(), nullptr, 0)));
  Say("setxattr user", Outcome(setxattr(file.c_str(), "user.x", "1", 1, 0)));
  Say("setxattr trusted", Outcome(setxattr(file.c_str(), "trusted.x", "1", 1, 0)));
  Say("removexattr", Outcome(removexattr(file.c_str(), "user.x")));
}

void Looks(const std::string& dir) {
  struct stat st {};
  const std::array<std::string, 6> paths{"", "/open", "/closed", "/sub", "/sub/below", "/missing"};
  for (const std::string& path : paths) {
    const long found = lstat((dir + path).c_str(), &st);
    Say("lstat " + path,
        found < 0 ? Outcome(found)
                  : "mode " + std::to_string(st.st_mode) + " uid " + std::to_string(st.st_uid) +
                        " gid " + std::to_string(st.st_gid) +
                        (S_ISREG(st.st_mode) ? " size " + std::to_string(st.st_size) + " links " +
                                                   std::to_string(st.st_nlink)
                                             : ""));
    for (const Flag& mode : {Flag{F_OK, "F_OK"}, Flag{R_OK, "R_OK"}, Flag{W_OK, "W_OK"},
                             Flag{X_OK, "X_OK"}, Flag{R_OK | W_OK, "R_OK|W_OK"}}) {
      Say("access " + path + " " + mode.name, Outcome(access((dir + path).c_str(), mode.bits)));
      Say("faccessat effective " + path + " " + mode.name,
          Outcome(faccessat(AT_FDCWD, (dir + path).c_str(), mode.bits, AT_EACCESS)));
    }
  }
  struct statvfs vfs {};
  Say("statvfs", Outcome(statvfs(dir.c_str(), &vfs)));
  Say("statvfs flags", std::to_string(vfs.f_flag & (ST_RDONLY | ST_NOSUID | ST_NODEV | ST_NOEXEC)));
  Say("statvfs namemax", std::to_string(vfs.f_namemax));
  char target[64];
  Say("readlink file", Outcome(readlink((dir + "/open").c_str(), target, sizeof target)));
  Say("chdir file", Outcome(chdir((dir + "/open").c_str())));
  Say("chdir missing", Outcome(chdir((dir + "/missing").c_str())));
  Say("chdir sub", Outcome(chdir((dir + "/sub").c_str())));
  SayOpen("open relative ../open", open("../open", O_RDONLY | O_CLOEXEC));
  SayOpen("open relative below", open("below", O_RDONLY | O_CLOEXEC));
  Say("chdir back", Outcome(chdir("/")));
  const int watcher = inotify_init1(IN_CLOEXEC);
  Say("inotify folder",
      inotify_add_watch(watcher, dir.c_str(), IN_ALL_EVENTS) > 0 ? "watched" : Outcome(-1));
  close(watcher);
}

void Reads(const std::string& dir) {
  std::array<char, 4096> buffer{};
  const int fd = open((dir + "/open").c_str(), O_RDONLY | O_CLOEXEC);
  const auto text = [&](ssize_t n) {
    return n < 0 ? Outcome(n) : "'" + std::string(buffer.data(), static_cast<size_t>(n)) + "'";
  };
  Say("read 5", text(read(fd, buffer.data(), 5)));
  Say("read rest", text(read(fd, buffer.data(), buffer.size())));
  Say("read at end", text(read(fd, buffer.data(), buffer.size())));
  Say("read 0", text(read(fd, buffer.data(), 0)));
  for (const off_t at : {0, 1, 13, 25, 26, 27, 4095, 4096, 1 << 30, -1}) {
    Say("pread at " + std::to_string(at), text(pread(fd, buffer.data(), 7, at)));
  }
  Say("pread at 2^62", text(pread(fd, buffer.data(), 7, off_t{1} << 62U)));
  std::array<iovec, 2> parts{{{buffer.data(), 3}, {buffer.data() + 3, 4}}};
  Say("preadv", text(preadv(fd, parts.data(), 2, 20)));
  void* volatile nowhere = reinterpret_cast<void*>(8);
  Say("read into bad memory", Outcome(pread(fd, nowhere, 5, 0)));
  Say("lseek end", Outcome(lseek(fd, 0, SEEK_END)));
  Say("lseek far", Outcome(lseek(fd, 1000, SEEK_SET)));
  Say("read far", text(read(fd, buffer.data(), 7)));
  Say("lseek negative", Outcome(lseek(fd, -1, SEEK_SET)));
  Say("lseek hole", Outcome(lseek(fd, 0, SEEK_HOLE)));
  Say("lseek data", Outcome(lseek(fd, 3, SEEK_DATA)));
  Say("lseek data beyond", Outcome(lseek(fd, 30, SEEK_DATA)));
  Say("write", Outcome(write(fd, "x", 1)));
  Say("ftruncate", Outcome(ftruncate(fd, 0)));
  Say("fchmod", Outcome(fchmod(fd, 0777)));
  Say("fchown", Outcome(fchown(fd, 1, 1)));
  Say("futimens", Outcome(futimens(fd, nullptr)));
  Say("fsetxattr", Outcome(fsetxattr(fd, "user.x", "1", 1, 0)));
  Say("fallocate", Outcome(fallocate(fd, 0, 0, 10)));
  Say("fsync", Outcome(fsync(fd)));
  Say("fdatasync", Outcome(fdatasync(fd)));
  Say("flock shared", Outcome(flock(fd, LOCK_SH | LOCK_NB)));
  Say("flock exclusive", Outcome(flock(fd, LOCK_EX | LOCK_NB)));
  struct flock lock {};
  lock.l_type = F_RDLCK;
  Say("lock for reading", Outcome(fcntl(fd, F_SETLK, &lock)));
  lock.l_type = F_WRLCK;
  Say("lock for writing", Outcome(fcntl(fd, F_SETLK, &lock)));
  Say("setfl append", Outcome(fcntl(fd, F_SETFL, O_APPEND)));
  termios terminal{};
  Say("ioctl TCGETS", Outcome(ioctl(fd, TCGETS, &terminal)));
  pollfd wait{fd, POLLIN | POLLOUT, 0};
  Say("poll", Outcome(poll(&wait, 1, 0)) + " " + std::to_string(wait.revents));
  void* code = mmap(nullptr, 26, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
  Say("mmap executable", code == MAP_FAILED ? Outcome(-1) : "mapped");
  void* shared = mmap(nullptr, 26, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  Say("mmap shared for writing", shared == MAP_FAILED ? Outcome(-1) : "mapped");
  close(fd);
  const int folder = open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  Say("read folder", Outcome(read(folder, buffer.data(), 5)));
  Say("fchdir", Outcome(fchdir(folder)));
  Say("getdents tiny", Outcome(syscall(SYS_getdents64, folder, buffer.data(), 8)));
  Say("fsync folder", Outcome(fsync(folder)));
  SayOpen("openat", openat(folder, "open", O_RDONLY | O_CLOEXEC));
  SayOpen("openat creating", openat(folder, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
  close(folder);
}

/// The ways round direct_io, which would put bytes of a secret into the page cache.
void CacheFills(const std::string& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  std::array<int, 2> ends{};
  if (fd < 0 || pipe2(ends.data(), O_CLOEXEC) != 0) return;
  off_t at = 0;
  Say("sendfile", Outcome(sendfile(ends[1], fd, &at, 10)));
  loff_t from = 0;
  Say("splice", Outcome(splice(fd, &from, ends[1], nullptr, 10, 0)));
  const pid_t child = fork();
  if (child == 0) {
    const auto* page =
        static_cast<const volatile char*>(mmap(nullptr, 10, PROT_READ, MAP_PRIVATE, fd, 0));
    _exit(page == MAP_FAILED ? 1 : page[0] == 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  Say("a private map", WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "can be read");
  close(fd);
}

void Lists(const std::string& dir) {
  DIR* folder = opendir(dir.c_str());
  if (folder == nullptr) return Say("opendir", Outcome(-1));
  std::vector<std::string> names;
  long second = -1;
  while (const dirent* entry = readdir(folder)) {
    names.push_back(std::string(entry->d_name) + (entry->d_type == DT_DIR ? "/" : ""));
    if (names.size() == 1) second = telldir(folder);
  }
  const size_t all = names.size();
  seekdir(folder, second);
  size_t again = 0;
  while (readdir(folder) != nullptr) ++again;
  Say("seekdir to the second", again == all - 1 ? "all but the first" : std::to_string(again));
  rewinddir(folder);
  again = 0;
  while (readdir(folder) != nullptr) ++again;
  Say("rewinddir", again == all ? "all" : std::to_string(again));
  closedir(folder);
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    if (name[0] != '.' || name == "./" || name == "../") Say("entry", name);
  }
}

void Executes(const std::string& dir) {
  for (const char* name : {"/open", "/closed", "/sub", "/missing"}) {
    const pid_t child = fork();
    if (child == 0) {
      const std::string path = dir + name;
      execl(path.c_str(), name, nullptr);
      _exit(errno);
    }
    int status = 0;
    waitpid(child, &status, 0);
    errno = WEXITSTATUS(status);
    Say(std::string("execve ") + name, Outcome(-1));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "cache") {
    CacheFills(argv[2]);
    return 0;
  }
  if (argc != 2) return 2;
  const std::string dir = argv[1];
  Opens(dir);
  Changes(dir);
  Looks(dir);
  Reads(dir);
  Lists(dir);
  Executes(dir);
  return 0;
}
