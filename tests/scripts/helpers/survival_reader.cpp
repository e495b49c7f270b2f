// Reads the files of a folder over and over until its standard input ends, while who serves them is
// killed and replaced. Each content must be whole and its own: lines "NAME VERSION LINES", all the
// same, LINES of them, with the file's name. A fourth of the threads each: open, read and close;
// read in small pieces; read on in a file that was opened once; list the folder and look at its
// files. A file whose name begins with "r" may change: one that was opened before may then be
// ESTALE, and is opened anew. Nothing else may fail, and no thread may be stuck at the end. Prints
//   reads 812 failed 0 wrong 0 stuck 0 stale 3 longest_ms 41
// and each thing that was wrong, how often and after how many milliseconds it was first and last.
// Exit code 1 if anything was. THREADS FOLDER
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{20};

std::atomic<bool> ending{false};
std::string folder;
std::vector<std::string> names;

class Counts {
 public:
  struct Seen {
    long times = 0, first = 0, last = 0;
  };
  void Took(Clock::time_point since) {
    const auto took =
        std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - since).count();
    long before = longest_;
    while (took > before && !longest_.compare_exchange_weak(before, took)) {
    }
  }
  void Good() { ++good_; }
  void Stale() { ++stale_; }
  void Failed(const std::string& what, int error) {
    ++failed_;
    Say(what + ": " + std::strerror(error));
  }
  void Wrong(const std::string& what) {
    ++wrong_;
    Say(what);
  }
  /// The exit code.
  int Print(size_t stuck) {
    std::printf("reads %ld failed %ld wrong %ld stuck %zu stale %ld longest_ms %ld\n", good_.load(),
                failed_.load(), wrong_.load(), stuck, stale_.load(), longest_.load());
    const std::lock_guard lock(mutex_);
    for (const auto& [what, seen] : said_) {
      std::printf("%s: %ld times, first at %ld ms, last at %ld ms\n", what.c_str(), seen.times,
                  seen.first, seen.last);
    }
    return failed_ + wrong_ == 0 && stuck == 0 && good_ > 0 ? 0 : 1;
  }

 private:
  void Say(const std::string& what) {
    const auto since = Clock::now() - began_;
    const long at = std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
    const std::lock_guard lock(mutex_);
    Seen& seen = said_.try_emplace(what, Seen{0, at, at}).first->second;
    ++seen.times;
    seen.last = at;
  }
  std::atomic<long> good_{0}, failed_{0}, wrong_{0}, stale_{0}, longest_{0};
  const Clock::time_point began_ = Clock::now();
  std::mutex mutex_;
  std::map<std::string, Seen> said_;
};
Counts counts;

bool IsWhole(const std::string& name, const std::string& content) {
  const std::string line = content.substr(0, content.find('\n') + 1);
  char read_name[256] = "";
  long version = 0;
  size_t lines = 0;
  if (std::sscanf(line.c_str(), "%255s %ld %zu", read_name, &version, &lines) != 3) return false;
  if (name != read_name || content.size() != line.size() * lines) return false;
  for (size_t at = 0; at < content.size(); at += line.size()) {
    if (content.compare(at, line.size(), line) != 0) return false;
  }
  return true;
}

/// The whole of an open file from its beginning, or an errno.
int ReadAll(int fd, size_t piece, std::string& content) {
  content.clear();
  std::vector<char> buffer(piece);
  for (;;) {
    const auto begun = Clock::now();
    const ssize_t n = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(content.size()));
    const int error = errno;
    counts.Took(begun);
    if (n < 0) return error;
    if (n == 0) return 0;
    content.append(buffer.data(), static_cast<size_t>(n));
    if (piece < 4096) std::this_thread::yield();
  }
}

int Open(const std::string& name) {
  const auto begun = Clock::now();
  const int fd = open((folder + "/" + name).c_str(), O_RDONLY | O_CLOEXEC);
  const int error = errno;
  counts.Took(begun);
  if (fd < 0) counts.Failed("open " + name, error);
  return fd;
}

void Check(const std::string& name, const std::string& content) {
  if (IsWhole(name, content)) return counts.Good();
  counts.Wrong(name + " has " + std::to_string(content.size()) + " bytes that are not its own");
}

bool MayChange(const std::string& name) { return name.starts_with('r'); }

/// Whether it was read, or cannot be because it changed.
void ReadOpened(int fd, const std::string& name, size_t piece) {
  std::string content;
  const int error = ReadAll(fd, piece, content);
  if (error == 0) return Check(name, content);
  if (error == ESTALE && MayChange(name)) return counts.Stale();
  counts.Failed("read " + name, error);
}

void OpenAndRead(size_t number, size_t piece) {
  for (size_t i = number; !ending; ++i) {
    const std::string& name = names[i * 7919 % names.size()];
    const int fd = Open(name);
    if (fd < 0) continue;
    ReadOpened(fd, name, piece);
    close(fd);
  }
}

/// What was opened once stays the same, whoever serves it.
void ReadOn(size_t number) {
  const std::string& name = names[number * 104729 % names.size()];
  std::optional<std::string> first;
  int fd = -1;
  while (!ending) {
    if (fd < 0) {
      fd = Open(name);
      first.reset();
      continue;
    }
    std::string content;
    const int error = ReadAll(fd, 65536, content);
    if (error != 0) {
      if (error == ESTALE && MayChange(name)) {
        counts.Stale();
      } else {
        counts.Failed("read on in " + name, error);
      }
      close(fd);
      fd = -1;
      continue;
    }
    if (!first) first = content;
    if (content != *first) {
      counts.Wrong("what is open of " + name + " has changed");
    } else {
      Check(name, content);
    }
  }
  if (fd >= 0) close(fd);
}

void Look() {
  while (!ending) {
    const auto begun = Clock::now();
    DIR* const listing = opendir(folder.c_str());
    if (listing == nullptr) {
      counts.Failed("list the folder", errno);
      continue;
    }
    size_t seen = 0;
    errno = 0;
    while (const dirent* entry = readdir(listing)) {
      if (std::binary_search(names.begin(), names.end(), std::string(entry->d_name))) ++seen;
      errno = 0;
    }
    const int error = errno;
    closedir(listing);
    counts.Took(begun);
    if (error != 0) counts.Failed("read the folder", error);
    if (error == 0 && seen != names.size()) counts.Wrong("the listing is not whole");
    for (size_t i = 0; i < names.size() && i < 50 && !ending; ++i) {
      struct stat st {};
      const auto since = Clock::now();
      const int failed = stat((folder + "/" + names[i]).c_str(), &st);
      const int why = errno;
      counts.Took(since);
      if (failed != 0) {
        counts.Failed("stat " + names[i], why);
      } else {
        counts.Good();
      }
    }
  }
}

void Work(size_t number) {
  switch (number % 4) {
    case 0:
      return OpenAndRead(number, 65536);
    case 1:
      return ReadOn(number);
    case 2:
      return OpenAndRead(number, 512);
    default:
      return Look();
  }
}

bool ListFiles() {
  DIR* const listing = opendir(folder.c_str());
  if (listing == nullptr) return false;
  while (const dirent* entry = readdir(listing)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  closedir(listing);
  std::sort(names.begin(), names.end());
  return !names.empty();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  folder = argv[2];
  if (!ListFiles()) {
    std::perror(argv[2]);
    return 2;
  }
  const size_t threads = std::strtoul(argv[1], nullptr, 10);
  std::vector<std::atomic<bool>> done(threads);
  for (size_t i = 0; i < threads; ++i) {
    std::thread([i, &done] {
      Work(i);
      done[i] = true;
    }).detach();
  }
  std::puts("reading");
  std::fflush(stdout);
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  ending = true;
  const auto all_done = [&] {
    return std::all_of(done.begin(), done.end(), [](auto& one) { return one.load(); });
  };
  for (const auto until = Clock::now() + kPatience; !all_done() && Clock::now() < until;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const auto stuck = static_cast<size_t>(
      std::count_if(done.begin(), done.end(), [](auto& one) { return !one.load(); }));
  const int code = counts.Print(stuck);
  std::fflush(stdout);
  _exit(code);
}
