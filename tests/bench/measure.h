// Measuring: time, CPU placement, medians. A difference between two programs is taken from rounds
// that alternate between them, as the median of the rounds' ratios: on a machine that does other
// work, and in a virtual one, that stays still where microseconds do not.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace secretfs::bench {

/// Ends the benchmark; main() prints it.
[[noreturn]] void Fail(const std::string& what);
/// The same, with the reason in errno.
[[noreturn]] void FailErrno(const std::string& what);

double Median(std::vector<double> values);
/// The median of a[i] / b[i].
double MedianRatio(const std::vector<double>& a, const std::vector<double>& b);

class Stopwatch {
 public:
  [[nodiscard]] double Seconds() const {
    return std::chrono::duration<double>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

/// Two different CPUs that this process may use; the same one twice when it has but one.
struct Cpus {
  int first = 0;
  int second = 0;
};
Cpus ChooseCpus();

/// Keeps the calling thread on one CPU while it lives, then gives it back what it had.
class Pinned {
 public:
  explicit Pinned(int cpu);
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  ~Pinned();

 private:
  std::vector<int> before_;
};

/// Moves every thread of a process to one CPU; threads that it starts later inherit that.
void PinProcess(pid_t process, int cpu);

/// The time that all threads of a process have run, in seconds.
double CpuSecondsOf(pid_t process);
double CpuSecondsOfThisThread();

std::string Text(const char* format, ...) __attribute__((format(printf, 1, 2)));

}  // namespace secretfs::bench
