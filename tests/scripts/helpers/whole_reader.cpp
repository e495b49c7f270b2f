// Reads files over and over from THREADS threads until its standard input ends. Each content must
// be whole: lines "VERSION LINES", all the same, LINES of them; and no thread may see a file go
// back to a version before one that it has seen. Every second thread reads in small pieces, so that
// the file changes while it has it open. Prints each version when it is first seen, and at the end
// the first thing that was wrong, and what it counted:
//   version 17
//   reads 812 versions 43 failed 0 torn 0 backwards 0
// THREADS FILE...
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

namespace {

class Counts {
 public:
  enum class Kind { kFailed, kTorn, kBackwards };
  void Saw(long version) {
    const std::lock_guard lock(mutex_);
    ++reads_;
    if (!versions_.insert(version).second) return;
    std::printf("version %ld\n", version);
    std::fflush(stdout);
  }
  void Wrong(Kind kind, const std::string& what) {
    const std::lock_guard lock(mutex_);
    ++wrong_[kind];
    if (first_.empty()) first_ = what;
  }
  void Print() {
    if (!first_.empty()) std::printf("first: %s\n", first_.c_str());
    std::printf("reads %zu versions %zu failed %zu torn %zu backwards %zu\n", reads_,
                versions_.size(), wrong_[Kind::kFailed], wrong_[Kind::kTorn],
                wrong_[Kind::kBackwards]);
  }

 private:
  std::mutex mutex_;
  size_t reads_ = 0;
  std::set<long> versions_;
  std::map<Kind, size_t> wrong_;
  std::string first_;
};

/// 0, or the errno.
int ReadAll(const std::string& file, size_t piece, std::string& content) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  std::vector<char> buffer(piece);
  ssize_t n = 0;
  while ((n = read(fd, buffer.data(), buffer.size())) > 0) {
    content.append(buffer.data(), static_cast<size_t>(n));
    if (piece < 65536) std::this_thread::yield();
  }
  const int error = n < 0 ? errno : 0;
  close(fd);
  return error;
}

/// The version, or -1 when it is not whole.
long WholeVersion(const std::string& content) {
  char* end = nullptr;
  const long version = std::strtol(content.c_str(), &end, 10);
  const long lines = std::strtol(end, nullptr, 10);
  const std::string line = std::to_string(version) + " " + std::to_string(lines) + "\n";
  if (lines <= 0 || content.size() != line.size() * static_cast<size_t>(lines)) return -1;
  for (size_t at = 0; at < content.size(); at += line.size()) {
    if (content.compare(at, line.size(), line) != 0) return -1;
  }
  return version;
}

void ReadOver(const std::vector<std::string>& files, size_t piece, const std::atomic<bool>& stop,
              Counts& counts) {
  std::map<std::string, long> newest;
  while (!stop) {
    for (const std::string& file : files) {
      std::string content;
      if (const int error = ReadAll(file, piece, content)) {
        counts.Wrong(Counts::Kind::kFailed, file + ": " + strerror(error));
        continue;
      }
      const long version = WholeVersion(content);
      if (version < 0) {
        counts.Wrong(Counts::Kind::kTorn, file + ": " + std::to_string(content.size()) +
                                              " bytes, from " + content.substr(0, 20));
        continue;
      }
      counts.Saw(version);
      long& before = newest.try_emplace(file, version).first->second;
      if (version < before) {
        counts.Wrong(Counts::Kind::kBackwards,
                     file + ": " + std::to_string(version) + " after " + std::to_string(before));
      }
      before = version;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const std::vector<std::string> files(argv + 2, argv + argc);
  Counts counts;
  std::atomic<bool> stop = false;
  std::vector<std::thread> threads;
  for (int n = 0; n < std::atoi(argv[1]); ++n) {
    const size_t piece = n % 2 == 0 ? 131072 : 3000;
    threads.emplace_back([&, piece] { ReadOver(files, piece, stop, counts); });
  }
  char ignored = 0;
  while (read(STDIN_FILENO, &ignored, 1) > 0) {
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  counts.Print();
  return 0;
}
