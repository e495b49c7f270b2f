// AuditBacklog: lines that wait to be written, within limits. Beyond them refusals go first, as
// anybody can cause these, and the oldest of them before others. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>

namespace secretfs {

class AuditBacklog {
 public:
  AuditBacklog(size_t most_lines, size_t most_bytes)
      : most_lines_(most_lines), most_bytes_(most_bytes) {}

  struct Line {
    std::string text;
    bool granted;
  };
  using Lines = std::deque<Line>;

  void Add(std::string text, bool granted);
  /// Takes over what waits in `older`, in front of what is here.
  void TakeFrom(AuditBacklog& older);
  void PopFront();
  /// The first one will never be written.
  void LoseFront();

  [[nodiscard]] const Lines& lines() const noexcept { return lines_; }
  [[nodiscard]] bool empty() const noexcept { return lines_.empty(); }
  [[nodiscard]] size_t size() const noexcept { return lines_.size(); }
  [[nodiscard]] uint64_t lost() const noexcept { return lost_; }

 private:
  void Lose(Lines::iterator line);
  void Remove(Lines::iterator line);

  const size_t most_lines_;
  const size_t most_bytes_;
  Lines lines_;
  size_t bytes_ = 0;
  size_t refusals_ = 0;  // among them
  uint64_t lost_ = 0;
};

}  // namespace secretfs
