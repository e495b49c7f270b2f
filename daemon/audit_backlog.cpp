#include "daemon/audit_backlog.h"

#include <algorithm>
#include <utility>

namespace secretfs {

void AuditBacklog::Add(std::string text, bool granted) {
  bytes_ += text.size();
  refusals_ += granted ? 0 : 1;
  lines_.push_back({std::move(text), granted});
  while (lines_.size() > most_lines_ || bytes_ > most_bytes_) {
    const auto refusal =
        refusals_ == 0 ? lines_.end() : std::ranges::find(lines_, false, &Line::granted);
    Lose(refusal == lines_.end() ? lines_.begin() : refusal);
  }
}

void AuditBacklog::TakeFrom(AuditBacklog& older) {
  Lines newer = std::exchange(lines_, {});
  bytes_ = 0;
  refusals_ = 0;
  for (Lines* lines : {&older.lines_, &newer}) {
    for (Line& line : *lines) Add(std::move(line.text), line.granted);
  }
  older.lines_.clear();
  older.bytes_ = 0;
  older.refusals_ = 0;
}

void AuditBacklog::PopFront() { Remove(lines_.begin()); }

void AuditBacklog::LoseFront() { Lose(lines_.begin()); }

void AuditBacklog::Lose(Lines::iterator line) {
  Remove(line);
  ++lost_;
}

void AuditBacklog::Remove(Lines::iterator line) {
  bytes_ -= line->text.size();
  refusals_ -= line->granted ? 0 : 1;
  lines_.erase(line);
}

}  // namespace secretfs
