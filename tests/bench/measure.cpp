#include "tests/bench/measure.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <stdexcept>

namespace secretfs::bench {
namespace {

std::vector<int> AllowedCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) != 0) FailErrno("cannot read the CPUs allowed");
  std::vector<int> cpus;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(static_cast<size_t>(cpu), &set)) cpus.push_back(cpu);
  }
  return cpus;
}

/// False when the thread has ended meanwhile.
bool SetAffinity(pid_t thread, const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(static_cast<size_t>(cpu), &set);
  if (sched_setaffinity(thread, sizeof set, &set) == 0) return true;
  if (errno != ESRCH) FailErrno("cannot choose the CPU of a thread");
  return false;
}

double Read(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) FailErrno("cannot read the CPU time of a process");
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

void Fail(const std::string& what) { throw std::runtime_error(what); }

void FailErrno(const std::string& what) { Fail(what + ": " + std::strerror(errno)); }

double Median(std::vector<double> values) {
  if (values.empty()) Fail("nothing was measured");
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double MedianRatio(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> ratios;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) ratios.push_back(a[i] / b[i]);
  return Median(std::move(ratios));
}

Cpus ChooseCpus() {
  const std::vector<int> cpus = AllowedCpus();
  return {cpus.back(), cpus.size() > 1 ? cpus[cpus.size() - 2] : cpus.back()};
}

Pinned::Pinned(int cpu) : before_(AllowedCpus()) { SetAffinity(0, {cpu}); }

Pinned::~Pinned() {
  try {
    SetAffinity(0, before_);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "bench: %s\n", problem.what());
  }
}

void PinProcess(pid_t process, int cpu) {
  const std::string tasks = "/proc/" + std::to_string(process) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks)) {
    SetAffinity(std::stoi(task.path().filename().string()), {cpu});
  }
}

double CpuSecondsOf(pid_t process) {
  clockid_t clock{};
  if (clock_getcpuclockid(process, &clock) != 0) Fail("a program has no CPU clock: has it ended?");
  return Read(clock);
}

double CpuSecondsOfThisThread() { return Read(CLOCK_THREAD_CPUTIME_ID); }

std::string Text(const char* format, ...) {
  std::array<char, 256> text{};
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text.data(), text.size(), format, arguments);
  va_end(arguments);
  return text.data();
}

}  // namespace secretfs::bench
